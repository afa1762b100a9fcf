import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { Random } from '../helpers/random.js'
import { OK, RespClient } from '../helpers/resp-client.js'
import { digestOf, fetchDigest, largeValue, NUMBER_SIZE, numberText, sendAll } from './large-values.js'

/*
 * A daemon that is killed while large values are on their way to it, or to its disk, has every acknowledged one whole
 * afterwards; nobody ever sees a half one, before or after.
 *
 *   FLIN_LARGE_KILLS=20        how many kills, of each kind (1)
 *   FLIN_LARGE_SEED=12345      when they come (by the clock; a failure prints it)
 */
const KILLS = Number(process.env['FLIN_LARGE_KILLS'] ?? 1)
const SEED = Number(process.env['FLIN_LARGE_SEED'] ?? Date.now() % 1_000_000)
const VALUE_SIZE = 100_000_000
const POLICIES = ['always', 'everysec', 'no']
/** One value alone, and two that are written together. */
const ALONE = { keys: ['alone'], size: VALUE_SIZE }
const TOGETHER = { keys: ['left', 'right'], size: VALUE_SIZE / 5 }

interface Written {
  readonly number: number
  readonly digest: string
}

for (const kind of [ALONE, TOGETHER]) {
  test(`kill -9 while ${kind.size} bytes are written: ${kind.keys.join(' and ')}, seed ${SEED}`, async (t) => {
    const random = new Random(SEED)
    const folder = temporaryFolder(t)
    /** What was acknowledged last, and what was under way behind it. */
    let acknowledged: Written | null = null
    let underWay: Written | null = null
    let number = 0
    /** From the last byte of a value that is sent to its reply: meanwhile the daemon writes it. */
    let writingMs = 0
    let lost = 0
    for (let kill = 0; kill <= KILLS; kill++) {
      const fsync = POLICIES[(kill + kind.keys.length) % POLICIES.length]!
      const daemon = await Daemon.start(folder, ['--fsync', fsync])
      const found = await whatIsThere(daemon.port, kind.keys)
      const allowed: (string | undefined)[] = [acknowledged?.digest]
      if (underWay !== null) allowed.push(underWay.digest)
      assert.ok(allowed.includes(found), `value ${number} or the one before it, not ${found}`)
      if (underWay !== null && found === underWay.digest) acknowledged = underWay
      else if (underWay !== null) lost++
      underWay = null
      if (kill === KILLS) {
        await daemon.stop('SIGKILL')
        break
      }
      const watching = watch(daemon.port, kind.keys, kind.size)
      // A first value is acknowledged; those behind it are cut off, on their way or while they are written.
      for (const isLast of kill === 0 ? [false, true] : [true]) {
        const value = largeValue(++number, kind.size)
        underWay = { number, digest: digestOf(value) }
        const client = await RespClient.connect(daemon.port)
        const cut = isLast && random.chance(0.5) ? random.below(kind.keys.length * kind.size) : Infinity
        const kill9 = async (): Promise<void> => {
          if (cut === Infinity) await sleep(random.next() * writingMs * 1.2)
          await daemon.stop('SIGKILL')
        }
        let killed: Promise<void> | null = null
        await sendAll(client.socket, request(kind.keys, value), (size) => {
          if (isLast && size >= cut) killed ??= kill9()
        })
        if (isLast) killed ??= kill9()
        const sent = performance.now()
        const reply = await client.read().catch(() => null)
        client.close()
        await killed
        if (reply === null) break
        assert.deepEqual(reply, OK)
        writingMs = performance.now() - sent
        acknowledged = underWay
        underWay = null
      }
      await watching
      assert.ok(acknowledged !== null)
    }
    const { code, stdout, stderr } = await flin('log', 'verify', '--data', folder)
    assert.ok(code === 0 || code === 1, stdout + stderr)
    t.diagnostic(`${KILLS} kills, ${number} values, ${lost} of those that were under way are not there`)
  })
}

function request(keys: readonly string[], value: Buffer): Buffer[] {
  const parts: Buffer[] = [Buffer.from(`*${1 + keys.length * 2}\r\n$4\r\nMSET\r\n`)]
  for (const key of keys) {
    parts.push(Buffer.from(`$${key.length}\r\n${key}\r\n$${value.length}\r\n`), value, Buffer.from('\r\n'))
  }
  return parts
}

/** The digest of the value that all keys have; undefined when none has one. */
async function whatIsThere(port: number, keys: readonly string[]): Promise<string | undefined> {
  const found = await Promise.all(keys.map((key) => fetchDigest(port, key)))
  for (const one of found) assert.equal(one?.digest, found[0]?.digest, 'what was written together is there together')
  return found[0]?.digest
}

/** Looks at both ends of the values until the daemon is gone: they are there whole, and of one number. */
async function watch(port: number, keys: readonly string[], size: number): Promise<void> {
  const client = await RespClient.connect(port)
  let before = ''
  while (!client.isClosed) {
    // In one transaction, which no write comes between.
    const looks = keys.flatMap((key) => [
      ['STRLEN', key],
      ['GETRANGE', key, '0', String(NUMBER_SIZE - 1)],
      ['GETRANGE', key, String(-NUMBER_SIZE), '-1'],
    ])
    const replies = await client.pipeline([['MULTI'], ...looks, ['EXEC']]).catch(() => null)
    if (replies === null) break
    const [length, first, ...others] = replies.at(-1) as [number, string, ...string[]]
    if (length === 0) continue
    assert.equal(length, size)
    assert.ok(first >= before && first.length === numberText(0).length, `${first} after ${before}`)
    before = first
    assert.deepEqual(others, [first, ...keys.slice(1).flatMap(() => [size, first, first])])
    await sleep(20)
  }
  client.close()
}
