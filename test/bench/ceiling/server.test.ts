// The ceiling is a measure only as long as it does the work: it must store, answer right and write what it says.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'

const MAIN = fileURLToPath(new URL('../../../bench/ceiling/server.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'flin-ceiling-'))
const child: ChildProcess = spawn(process.execPath, [MAIN, '--data', folder, '--size', '1'], { stdio: 'pipe' })
let socket: Socket

before(async () => {
  const [printed] = (await once(child.stdout!, 'data')) as [Buffer]
  socket = connect(Number(printed.toString()), '127.0.0.1').setNoDelay()
  await once(socket, 'connect')
})

after(async () => {
  socket.destroy()
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  rmSync(folder, { recursive: true })
})

const encode = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

/** Sends and reads until as many bytes have come as are expected; the reply is then compared. */
async function expectReply(parts: readonly string[], expected: string): Promise<void> {
  let reply = ''
  const done = new Promise<void>((resolve, reject) => {
    const data = (chunk: Buffer) => {
      reply += chunk.toString('latin1')
      if (reply.length < expected.length) return
      socket.off('data', data).off('close', reject)
      resolve()
    }
    socket.on('data', data).on('close', reject)
  })
  for (const part of parts) await new Promise((resolve) => socket.write(part, 'latin1', resolve))
  await done
  assert.equal(reply, expected)
}

const long = 'v'.repeat(500)
const SESSION =
  encode('SET', 'a', '41') +
  encode('GET', 'a') +
  encode('incr', 'a') +
  encode('INCR', 'new') +
  encode('PING') +
  encode('MSET', 'x', long, 'y', '') +
  encode('GET', 'x') +
  encode('GET', 'y') +
  encode('GET', 'none') +
  encode('INCR', 'x') +
  encode('COMMAND') +
  encode('ZADD', 'z')
const REPLIES =
  '+OK\r\n$2\r\n41\r\n:42\r\n:1\r\n+PONG\r\n' +
  `+OK\r\n$500\r\n${long}\r\n$0\r\n\r\n$-1\r\n` +
  '-ERR value is not an integer or out of range\r\n*0\r\n-ERR unknown command\r\n'

test('answers a pipeline in order', async () => {
  await expectReply([SESSION], REPLIES)
})

test('answers the same when every byte comes alone', async () => {
  await expectReply([encode('SET', 'new', '0')], '+OK\r\n')
  await expectReply(Array.from(SESSION), REPLIES)
})

test('what has been answered stands in the file, in a batch with a right checksum', async () => {
  await expectReply([encode('SET', 'on', 'the disk')], '+OK\r\n')
  const file = readFileSync(join(folder, 'ceiling.log'))
  const batches: string[] = []
  for (let at = 0, size = file.readUInt32LE(4); size > 0; at += size, size = file.readUInt32LE(at + 4)) {
    assert.equal(file.readUInt32LE(at), crc32(file.subarray(at + 8, at + size)))
    batches.push(file.toString('latin1', at + 8, at + size))
  }
  assert.equal(batches.at(-1), '\x02\0\0\0\x08\0\0\0onthe disk')
})

test('goes on after the end of its file', async () => {
  const value = 'w'.repeat(40_000)
  for (let i = 0; i < 60; i++) await expectReply([encode('SET', `k${i}`, value)], '+OK\r\n')
  await expectReply([encode('GET', 'k59')], `$40000\r\n${value}\r\n`)
})
