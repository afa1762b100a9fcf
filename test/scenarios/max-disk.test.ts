import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { ask, DONE } from '../helpers/binary-frames.js'
import { BinaryClient } from '../helpers/binary-client.js'
import { OK, RespClient, type Reply } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

const MIB = 1 << 20
const VALUE_SIZE = 1000
const FULL = /^DISKFULL the log has all of its 2 MiB of the disk: writes are refused until there is space again$/

/** What `du` would show of the folder's files. */
function usedSize(folder: string): number {
  let size = 0
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    // Files come and go meanwhile.
    const stats = fs.lstatSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })
    if (stats?.isFile() === true) size += stats.blocks * 512
  }
  return size
}

function valueOf(key: number): string {
  return `value ${key} `.padEnd(VALUE_SIZE, 'x')
}

function errorOf(reply: Reply): string {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : ''
}

test('--max-disk: SET until it is refused, GET and DEL go on, and writes come back by themselves', async (t) => {
  const folder = temporaryFolder(t)
  const args = ['--max-disk', '2mb', '--reserve-size', '0', '--fsync', 'no']
  let daemon = await Daemon.start(folder, args)
  t.after(() => daemon.stop('SIGKILL'))
  let client = await RespClient.connect(daemon.port)
  let largest = 0
  const watch = setInterval(() => (largest = Math.max(largest, usedSize(folder))), 20)
  t.after(() => {
    clearInterval(watch)
  })
  const set = (key: number): Promise<Reply> => client.call('SET', `key:${key}`, valueOf(key))
  let count = 0
  let refusal = ''
  for (; refusal === '' && count < 3000; count++) refusal = errorOf(await set(count))
  count--
  assert.match(refusal, FULL)
  assert.ok(count * VALUE_SIZE > 0.5 * MIB, `${count} fit`)
  await daemon.until(/"level":50,.*"msg":"the log has all of its space: writes will be refused"/)
  for (let key = 0; key < count; key += 7) assert.equal(await client.call('GET', `key:${key}`), valueOf(key))
  assert.equal(await client.call('EXISTS', `key:${count}`), 0, 'no part of the refused write has happened')
  assert.match(errorOf(await client.call('MSET', 'a', valueOf(1), 'b', valueOf(2))), FULL)
  // A restart changes nothing.
  client.close()
  assert.equal(await daemon.stop(), 0)
  daemon = await Daemon.start(folder, args)
  client = await RespClient.connect(daemon.port)
  for (let key = 0, left = 5; left > 0; key++) if (errorOf(await set(count + key)) !== '') left--

  assert.equal(await client.call('EXPIRE', 'key:1', 1000), 1)
  // Whatever only removes goes on: alone, in a transaction, in a batch; by thousands, far beyond what is left of a segment.
  const binary = await BinaryClient.connect(daemon.port)
  for (let key = 0; key < count; key += 8) {
    const [one, two, three, four] = [0, 2, 4, 6].map((i) => `key:${key + i}`) as [string, string, string, string]
    const isLast = key + 8 >= count
    const removals = [['MULTI'], ['EXPIRE', one, '1000'], ['PEXPIREAT', one, '1'], ['UNLINK', two], ['EXEC']]
    const replies = await client.pipeline(removals)
    if (!isLast) assert.deepEqual(replies.at(-1), [1, 1, 1], JSON.stringify(replies))
    assert.deepEqual(await binary.call(ask.mdel(three)), DONE)
    if (!isLast) assert.equal(await client.call('DEL', four), 1, four)
  }
  binary.close()
  await until('there is room again', async () => isDeepStrictEqual(await client.call('SET', 'again', valueOf(0)), OK))
  await daemon.until(/"msg":"there is space again: writes are accepted"/)
  for (let key = 1; key < count; key += 2) assert.equal(await client.call('GET', `key:${key}`), valueOf(key))
  // Overwriting goes on for as long as one likes: compaction makes room, and whoever is refused meanwhile comes again.
  let taken = 0
  for (let key = 1; taken * VALUE_SIZE <= 2 * MIB; key = key + 40 < count ? key + 40 : 1) {
    const commands = Array.from({ length: 20 }, (_, i) => ['SET', `key:${key + i * 2}`, valueOf(key + i * 2)])
    await until('there is room again', async () => {
      const replies = await client.pipeline(commands)
      taken += replies.filter((reply) => isDeepStrictEqual(reply, OK)).length
      return isDeepStrictEqual(replies.at(-1), OK)
    })
  }
  assert.ok(largest <= 2 * MIB, `${largest} bytes were used`)
  assert.ok(largest > MIB)

  assert.match(errorOf(await client.call('CONFIG', 'SET', 'max-disk', '100kb')), /must be 0 or at least 1048576/)
  assert.deepEqual(await client.call('CONFIG', 'SET', 'max-disk', '64mb'), OK)
  assert.deepEqual(await client.call('CONFIG', 'GET', 'max-disk'), ['max-disk', String(64 * MIB)])
  for (let key = 0; key < 3000; key += 100) {
    const commands = Array.from({ length: 100 }, (_, i) => ['SET', `key:${key + i}`, valueOf(key + i)])
    for (const reply of await client.pipeline(commands)) assert.deepEqual(reply, OK)
  }
  client.close()
  assert.equal(await daemon.stop(), 0)
  const { code, stdout, stderr } = await flin('log', 'verify', '--data', folder)
  assert.equal(code, 0, stdout + stderr)
})
