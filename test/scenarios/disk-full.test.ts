import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Daemon } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { frame, OK, RespClient, type Reply } from '../helpers/resp-client.js'
import { SmallMount } from '../helpers/small-mount.js'
import { until } from '../helpers/until.js'

const VALUE_SIZE = 20_000
const SMALL = ['--segment-size', '256kb', '--reserve-size', '256kb']
const DISK_FULL = /^DISKFULL the disk is full: writes are refused until there is space again$/

/** A daemon on a file system of 2 MiB, and a client of it. */
class Bench {
  readonly mount: SmallMount
  readonly data: string
  readonly #args: string[]
  readonly #context: TestContext
  daemon!: Daemon
  client!: RespClient
  /** Keys that have been acknowledged. */
  count = 0

  private constructor(t: TestContext, args: string[]) {
    this.#context = t
    this.#args = args
    this.mount = SmallMount.make(t, '2m')
    this.data = path.join(this.mount.folder, 'data')
  }

  static async start(t: TestContext, args: string[] = SMALL): Promise<Bench> {
    const bench = new Bench(t, args)
    await bench.restart()
    return bench
  }

  async restart(): Promise<void> {
    const daemon = await Daemon.start(this.data, this.#args)
    this.#context.after(() => daemon.stop('SIGKILL'))
    this.daemon = daemon
    this.client = await RespClient.connect(daemon.port)
  }

  set(key: number): Promise<Reply> {
    return this.client.call('SET', `key:${key}`, valueOf(key))
  }

  /** Writes until a write is refused; returns the refusal. */
  async fill(): Promise<string> {
    for (; this.count < 1000; this.count++) {
      const reply = await this.set(this.count)
      if (errorOf(reply) !== '') return errorOf(reply)
      assert.deepEqual(reply, OK)
    }
    return 'no write was refused'
  }

  /** The daemon ends as it should, and leaves a log that is intact. */
  async end(): Promise<void> {
    assert.equal(await this.daemon.stop(), 0)
    assert.equal((await flin('log', 'verify', '--data', this.data)).code, 0)
  }

  /** Everything that was acknowledged is there. */
  async check(): Promise<void> {
    for (let key = 0; key < this.count; key++) assert.equal(await this.client.call('GET', `key:${key}`), valueOf(key))
  }
}

function valueOf(key: number): string {
  return `value ${key} `.padEnd(VALUE_SIZE, 'x')
}

for (const fsync of ['always', 'everysec', 'no']) {
  const title = `a disk that gets full: writes are refused, reads go on, and writes come back by themselves (${fsync})`
  test(title, SmallMount.needed, async (t) => {
    const bench = await Bench.start(t, [...SMALL, '--fsync', fsync])
    assert.match(await bench.fill(), DISK_FULL)
    assert.ok(bench.count > 50, `${bench.count} fit`)
    await bench.daemon.until(/"level":50,.*"msg":"the disk is full: writes will be refused"/)
    await bench.check()
    assert.equal(
      await bench.client.call('EXISTS', `key:${bench.count}`),
      0,
      'no part of the refused write has happened',
    )
    bench.mount.resize('16m')
    await bench.daemon.until(/"msg":"there is space again: writes are accepted"/)
    assert.deepEqual(await bench.set(bench.count++), OK)
    await bench.check()
    await bench.end()
  })
}

test(
  'SIGTERM on a full disk ends with 0; the next start serves what was acknowledged, and writes once it can',
  SmallMount.needed,
  async (t) => {
    const bench = await Bench.start(t)
    assert.match(await bench.fill(), DISK_FULL)
    assert.equal(await bench.daemon.stop(), 0, bench.daemon.output.join('\n'))
    await bench.restart()
    await bench.check()
    assert.match(await bench.fill(), DISK_FULL)
    bench.mount.resize('16m')
    await bench.daemon.until(/"msg":"there is space again: writes are accepted"/)
    assert.deepEqual(await bench.set(bench.count++), OK)
    assert.equal(await bench.daemon.stop(), 0)
  },
)

test(
  'not one byte left, nor a reserve: what waits for space is not acknowledged, and SIGTERM does not wait with it',
  SmallMount.needed,
  async (t) => {
    const bench = await Bench.start(t, ['--segment-size', '256kb', '--reserve-size', '0'])
    for (; bench.count < 5; bench.count++) assert.deepEqual(await bench.set(bench.count), OK)
    bench.mount.fill()
    // More than the segment holds that is being written: the next one cannot become part of the log.
    const more = Array.from({ length: 20 }, (_, i) => frame(['SET', `key:${5 + i}`, valueOf(5 + i)]))
    bench.client.send(Buffer.concat(more))
    const other = await RespClient.connect(bench.daemon.port)
    await bench.daemon.until(/"level":50,.*"msg":"the disk is full: writes will be refused"/)
    assert.match(errorOf(await other.call('SET', 'other', 'x')), DISK_FULL)
    assert.equal(await other.call('GET', 'key:0'), valueOf(0))
    const exited = bench.daemon.stop()
    const replies = await bench.client.readUntilClosed()
    // What has not been acknowledged could not be written: that is no clean end.
    assert.equal(await exited, 5, bench.daemon.output.join('\n'))
    await bench.daemon.until(/"level":60,.*what was acknowledged is there.*closed while the disk was full/)
    bench.count += replies.filter((reply) => isDeepStrictEqual(reply, OK)).length
    bench.mount.empty()
    await bench.restart()
    await bench.check()
    assert.deepEqual(await bench.set(bench.count++), OK)
    await bench.end()
  },
)

test(
  'a value that is larger than what is free is refused, all else goes on, and it is taken once there is space',
  SmallMount.needed,
  async (t) => {
    for (const fsync of ['always', 'everysec']) {
      const bench = await Bench.start(t, [...SMALL, '--fsync', fsync])
      const large = 'x'.repeat(4 << 20)
      for (let i = 0; i < 3; i++) {
        assert.match(errorOf(await bench.client.call('SET', 'large', large)), DISK_FULL)
        assert.deepEqual(await bench.set(bench.count++), OK)
      }
      await bench.client.pipeline([['MULTI'], ['SET', 'large', large]])
      assert.match(errorOf(await bench.client.call('EXEC')), DISK_FULL)
      assert.equal(await bench.client.call('EXISTS', 'large'), 0)
      bench.mount.resize('16m')
      assert.deepEqual(await bench.client.call('SET', 'large', large), OK)
      assert.deepEqual(await bench.set(bench.count++), OK)
      assert.equal(await bench.daemon.stop(), 0)
      await bench.restart()
      await bench.check()
      assert.equal(await bench.client.call('STRLEN', 'large'), large.length)
      assert.equal(await bench.daemon.stop(), 0)
    }
  },
)

test(
  'SIGTERM while a commit of everysec waits for space ends with 5, and the next start has all that was acknowledged',
  SmallMount.needed,
  async (t) => {
    const bench = await Bench.start(t, ['--segment-size', '256kb', '--reserve-size', '0', '--fsync', 'everysec'])
    for (; bench.count < 5; bench.count++) assert.deepEqual(await bench.set(bench.count), OK)
    bench.mount.fill()
    // Its blocks come with what is written: the very segment that is open finds none.
    bench.client.send(frame(['SET', 'never', 'x'.repeat(100_000)]))
    await bench.daemon.until(/"level":50,.*"msg":"the disk is full: writes will be refused"/)
    const exited = bench.daemon.stop()
    assert.deepEqual(await bench.client.readUntilClosed(), [])
    assert.equal(await exited, 5, bench.daemon.output.join('\n'))
    await bench.daemon.until(/"level":60,.*what was acknowledged is there.*closed while the disk was full/)
    bench.mount.empty()
    await bench.restart()
    await bench.check()
    await bench.end()
  },
)

test(
  'no byte left for a start: it serves what was acknowledged, refuses writes, and takes them once there is space',
  SmallMount.needed,
  async (t) => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const bench = await Bench.start(t)
      assert.match(await bench.fill(), DISK_FULL)
      bench.mount.fill()
      await bench.daemon.stop(signal)
      await bench.restart()
      await bench.daemon.until(/"level":50,.*"msg":"the disk is full: writes will be refused"/)
      await bench.check()
      assert.match(errorOf(await bench.set(bench.count)), DISK_FULL)
      // Also this one ends, and the next one is as good.
      assert.equal(await bench.daemon.stop(), 0, bench.daemon.output.join('\n'))
      await bench.restart()
      await bench.check()
      bench.mount.empty()
      await until('a key can be removed', async () => (await bench.client.call('DEL', 'key:0')) === 1)
      bench.mount.resize('16m')
      await bench.daemon.until(/"msg":"there is space again: writes are accepted"/)
      await until('a key can be set', async () => errorOf(await bench.set(0)) === '')
      await bench.end()
    }
  },
)

test(
  'no byte left for a start that finds a segment without its side file: it reads the segment instead, and serves',
  SmallMount.needed,
  async (t) => {
    const bench = await Bench.start(t)
    assert.match(await bench.fill(), DISK_FULL)
    await bench.daemon.stop('SIGKILL')
    const names = fs.readdirSync(bench.data).sort()
    fs.rmSync(
      path.join(
        bench.data,
        names.find((name) => name.endsWith('.side'))!,
      ),
    )
    bench.mount.fill()
    await bench.restart()
    await bench.check()
    assert.match(errorOf(await bench.set(bench.count)), DISK_FULL)
    assert.equal(await bench.daemon.stop(), 0)
  },
)

test(
  'a start on a full disk with a small segment, begun for removals: it takes more of those, and nothing else',
  SmallMount.needed,
  async (t) => {
    const bench = await Bench.start(t, [...SMALL, '--compaction', 'no'])
    assert.match(await bench.fill(), DISK_FULL)
    const tail = (): string[] =>
      fs
        .readdirSync(bench.data)
        .filter((name) => name.endsWith('.seg'))
        .sort()
    const before = tail().length
    await until('a segment has been begun for removals', async () => {
      await bench.client.pipeline(Array.from({ length: 200 }, (_, i) => ['EXPIRE', 'key:1', 1000 + i]))
      return tail().length > before
    })
    const small = path.join(bench.data, tail().at(-1)!)
    const { size } = fs.statSync(small)
    assert.ok(size < 256 * 1024, `${size}`)
    assert.equal(await bench.daemon.stop(), 0)
    await bench.restart()
    for (let i = 0; i < 20; i++) assert.match(errorOf(await bench.set(5000 + i)), DISK_FULL)
    for (let i = 0; i < 100; i++) assert.equal(await bench.client.call('EXPIRE', 'key:2', 1000 + i), 1)
    assert.ok(fs.statSync(small).size < size + 4096, 'it has not grown into the space of others')
    await bench.check()
    bench.mount.resize('16m')
    await until('a key can be set', async () => errorOf(await bench.set(bench.count)) === '')
    assert.equal(await bench.daemon.stop(), 0)
  },
)

function errorOf(reply: Reply): string {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : ''
}
