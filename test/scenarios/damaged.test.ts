import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { Daemon, runDaemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { OK, RespClient, type Reply } from '../helpers/resp-client.js'

const KEYS = 400
const SMALL = ['--segment-size', '64kb', '--cache-size', '1mb']

function valueOf(key: number): string {
  return `value ${key} `.padEnd(1000, 'x')
}

/** A folder with sealed segments, and the name of the second one. */
async function writtenFolder(t: TestContext): Promise<{ folder: string; segment: string }> {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder, SMALL)
  const client = await RespClient.connect(daemon.port)
  for (let key = 0; key < KEYS; key += 20) {
    const batch = Array.from({ length: 20 }, (_, i) => key + i)
    await client.pipeline(batch.map((it) => ['SET', `key:${it}`, valueOf(it)]))
  }
  client.close()
  assert.equal(await daemon.stop(), 0)
  const names = fs.readdirSync(folder).filter((name) => /^\d{20}-\d+\.seg$/.test(name))
  assert.ok(names.length > 4, names.join(' '))
  return { folder, segment: names.sort()[1]! }
}

/** Changes one byte of a value in the segment; returns the number of its key. */
function hurt(folder: string, segment: string): number {
  const file = path.join(folder, segment)
  const bytes = fs.readFileSync(file)
  const at = bytes.indexOf('value ', bytes.length >> 1, 'latin1')
  assert.ok(at > 0)
  const key = Number(/^value (\d+)/.exec(bytes.toString('latin1', at, at + 20))![1])
  bytes[at + 500]! ^= 0x20
  fs.writeFileSync(file, bytes)
  return key
}

/** The offsets that a line names, `12 to 34` or the like. */
function offsetsIn(text: string): [number, number] | null {
  const match = /offsets? (\d+)(?: (?:to|-|up to) (\d+))?/.exec(text)
  return match === null ? null : [Number(match[1]), Number(match[2] ?? match[1])]
}

/** Every value that is served is the one that was written; returns the keys that got an error. */
async function readAll(port: number): Promise<{ refused: number[]; errors: string[] }> {
  const client = await RespClient.connect(port)
  const refused: number[] = []
  const errors: string[] = []
  for (let key = 0; key < KEYS; key++) {
    const reply: Reply = await client.call('GET', `key:${key}`)
    if (typeof reply === 'object' && reply !== null && 'error' in reply) {
      refused.push(key)
      errors.push(reply.error)
    } else assert.equal(reply, valueOf(key))
  }
  client.close()
  return { refused, errors }
}

function errorOf(reply: Reply): string {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : JSON.stringify(reply)
}

/** All keys that SCAN returns, sorted. */
async function scanAll(client: RespClient): Promise<string[]> {
  const keys: string[] = []
  let cursor = '0'
  do {
    const reply = await client.call('SCAN', cursor, 'COUNT', '50')
    assert.ok(Array.isArray(reply), errorOf(reply))
    cursor = reply[0] as string
    keys.push(...(reply[1] as string[]))
  } while (cursor !== '0')
  return keys.sort()
}

test('a byte flipped in a sealed segment: the daemon ends with 4 and names the offsets, the next one before it is ready', async (t) => {
  const { folder, segment } = await writtenFolder(t)
  const before = fs.readdirSync(folder).sort()
  const intact = fs.readFileSync(path.join(folder, segment))
  const key = hurt(folder, segment)
  for (const start of ['first', 'second', 'third']) {
    const { code, output } = await runDaemon(['--data', folder, '--port', '0', ...SMALL])
    assert.equal(code, 4, output)
    // Its side file is right, so the first one has served; what it found stands in the way of all that follow.
    assert.equal(output.includes('"msg":"ready"'), start === 'first', `${start}: ${output}`)
    const last = JSON.parse(output.trim().split('\n').at(-1)!) as { msg: string; code: string; advice: string }
    assert.equal(last.code, 'LOG_CORRUPT')
    assert.match(last.advice, /flin log verify/)
    assert.ok(last.msg.includes(segment), output)
    const offsets = offsetsIn(last.msg)
    assert.ok(offsets !== null && offsets[0] <= key && key <= offsets[1], `${key} is hurt: ${output}`)
    assert.ok(output.includes(`"firstOffset":${offsets[0]},"endOffset":${offsets[1] + 1},"msg":"the log is damaged"`))
  }
  const verified = await flin('log', 'verify', '--data', folder)
  assert.equal(verified.code, 4, verified.stdout)
  assert.ok(verified.stdout.includes(segment), verified.stdout)
  // Which keys are hurt is not forgotten: none of them is missing, or older than it was.
  let daemon = await Daemon.start(folder, ['--serve-damaged', ...SMALL])
  const { refused, errors } = await readAll(daemon.port)
  assert.ok(refused.includes(key))
  assert.equal(errors.length, refused.length)
  for (const error of errors) assert.match(error, /^CORRUPT /)
  assert.equal(await daemon.stop(), 0)
  // Restored from a copy, the segment is believed again, and nothing stays behind.
  fs.writeFileSync(path.join(folder, segment), intact)
  daemon = await Daemon.start(folder, SMALL)
  assert.deepEqual((await readAll(daemon.port)).refused, [])
  assert.equal(await daemon.stop(), 0)
  assert.deepEqual(fs.readdirSync(folder).sort(), before)
})

for (const without of ['with', 'without'] as const) {
  test(`--serve-damaged serves the rest, read-only, ${without} side files`, async (t) => {
    const { folder, segment } = await writtenFolder(t)
    const key = hurt(folder, segment)
    if (without === 'without') {
      for (const name of fs.readdirSync(folder)) if (name.endsWith('.side')) fs.rmSync(path.join(folder, name))
    }
    const before = fs.readdirSync(folder).sort()
    const daemon = await Daemon.start(folder, ['--serve-damaged', ...SMALL])
    const { refused, errors } = await readAll(daemon.port)
    assert.ok(refused.includes(key), `key ${key} is hurt, these are refused: ${refused.join(' ')}`)
    // Without side files nobody knows which keys were lost: all that are older than the loss are refused.
    const newer = Array.from({ length: KEYS }, (_, i) => i).filter((it) => !refused.includes(it))
    if (without === 'with') assert.ok(refused.length < KEYS / 4, `${refused.length} keys of ${KEYS} are refused`)
    else
      assert.deepEqual(
        newer,
        Array.from({ length: newer.length }, (_, i) => KEYS - newer.length + i),
      )
    assert.ok(newer.length > KEYS / 2, `${newer.length} keys of ${KEYS} are served`)
    for (const error of errors) assert.match(error, /^CORRUPT /)
    const client = await RespClient.connect(daemon.port)
    // A walk lists what is served, to its end; what would tell of all keys is refused, or is right.
    assert.deepEqual(await scanAll(client), newer.map((it) => `key:${it}`).sort())
    const absent = await client.call('GET', 'never')
    const size = await client.call('DBSIZE')
    assert.match(errorOf(await client.call('MGET', `key:${KEYS - 1}`, `key:${key}`)), /^CORRUPT /)
    if (without === 'with') assert.deepEqual([absent, size], [null, KEYS])
    else for (const reply of [absent, size]) assert.match(errorOf(reply), /^CORRUPT .*offsets \d+ to \d+ are lost/)
    assert.match(errorOf(await client.call('KEYS', '*')), /^CORRUPT /)
    for (let i = 0; i < 50; i++) {
      const chosen = (await client.call('RANDOMKEY')) as string
      assert.ok(newer.includes(Number(chosen.slice(4))), chosen)
    }
    for (const write of [
      ['SET', 'key:0', 'x'],
      ['SET', 'new', 'x'],
      ['DEL', 'key:0'],
      ['INCR', 'n'],
      ['EXPIRE', 'key:0', '9'],
      ['FLUSHALL'],
    ]) {
      const reply = await client.call(...write)
      assert.match(errorOf(reply), /^READONLY /, write[0])
    }
    // A transaction over what is hurt ends; the connection is not left inside it.
    await client.call('MULTI')
    await client.call('GET', `key:${key}`)
    const reply = await client.call('EXEC')
    // What is only found when its turn comes fails alone, as every read in a transaction that fails.
    assert.match(errorOf(without === 'with' ? reply : (reply as Reply[])[0]!), /CORRUPT /)
    assert.deepEqual(await client.call('PING'), { simple: 'PONG' })
    assert.equal(await client.call('GET', `key:${KEYS - 1}`), valueOf(KEYS - 1))
    client.close()
    assert.equal(await daemon.stop(), 0)
    assert.deepEqual(fs.readdirSync(folder).sort(), before)
  })
}

test('what the check in the background finds is counted by INFO', async (t) => {
  const { folder, segment } = await writtenFolder(t)
  hurt(folder, segment)
  const daemon = await Daemon.start(folder, ['--serve-damaged', ...SMALL])
  await daemon.until(/"code":"LOG_CORRUPT"/)
  const client = await RespClient.connect(daemon.port)
  assert.match((await client.call('INFO', 'persistence')) as string, /\r\nlog_damages:1\r\n/)
  client.close()
  assert.equal(await daemon.stop(), 0)
})

test('a start tells what it has not verified, and when it has', async (t) => {
  const { folder } = await writtenFolder(t)
  const daemon = await Daemon.start(folder, SMALL)
  const [, unverified] = await daemon.until(/"unverified":(\d+),.*"msg":"ready"/)
  const [, segmentCount] = await daemon.until(/"segmentCount":(\d+),.*"msg":"all sealed segments are verified"/)
  assert.ok(Number(unverified) > 4)
  assert.equal(segmentCount, unverified)
  await daemon.until(new RegExp(`"data":"${folder}","fsync":"always",.*"ready"`))
})

test('what is damaged while the daemon runs is never served', async (t) => {
  const { folder, segment } = await writtenFolder(t)
  const daemon = await Daemon.start(folder, ['--serve-damaged', ...SMALL])
  const key = hurt(folder, segment)
  const { refused } = await readAll(daemon.port)
  assert.ok(refused.includes(key) && refused.length < KEYS / 4)
})

test('a torn end is set aside and the daemon goes on', async (t) => {
  const { folder } = await writtenFolder(t)
  let daemon = await Daemon.start(folder, SMALL)
  let client = await RespClient.connect(daemon.port)
  assert.deepEqual(await client.call('SET', 'last', 'one'), OK)
  client.close()
  await daemon.stop('SIGKILL')
  const name = fs
    .readdirSync(folder)
    .filter((it) => /^\d{20}-\d+\.seg$/.test(it))
    .sort()
    .at(-1)!
  const file = path.join(folder, name)
  const bytes = fs.readFileSync(file)
  bytes[bytes.lastIndexOf('last')]! ^= 1
  fs.writeFileSync(file, bytes)
  daemon = await Daemon.start(folder, SMALL)
  assert.match(daemon.output.join('\n'), /was torn/)
  assert.deepEqual((await readAll(daemon.port)).refused, [])
  client = await RespClient.connect(daemon.port)
  assert.equal(await client.call('GET', 'last'), null)
  assert.deepEqual(await client.call('SET', 'last', 'again'), OK)
  client.close()
  assert.equal(await daemon.stop(), 0)
  assert.equal((await flin('log', 'verify', '--data', folder)).code, 0)
})
