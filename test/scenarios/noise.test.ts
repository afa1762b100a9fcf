import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinaryClient } from '../helpers/binary-client.js'
import { ask, reply } from '../helpers/binary-frames.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { OK, RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'
import { NoiseClient, NOISES } from './noise-client.js'

/*
 * Bytes that are nothing, or nearly something, on many connections: nothing crashes, nothing is left behind, and neighbours get
 * the right replies in time.
 *
 *   FLIN_NOISE_SECONDS=180    for so long (3)
 *   FLIN_NOISE_SEED=12345     what is sent (by the clock; a failure prints it)
 */
const SECONDS = Number(process.env['FLIN_NOISE_SECONDS'] ?? 3)
const SEED = Number(process.env['FLIN_NOISE_SEED'] ?? Date.now() % 1_000_000)
const NOISY = 40
const MIB = 1024 * 1024
/** A heap that a leak of minutes would fill. */
const HEAP = { NODE_OPTIONS: '--max-old-space-size=128' }
const SETTINGS = ['--fsync', 'no', '--segment-size', '4mb', '--cache-size', '16mb']
/** Resident memory settles within this: caches, pools and what the collector has not looked at yet. */
const GROWTH_MAX = 96 * MIB
/** Far above what a neighbour sees (some ms), since other tests share the machine; far below a loop that stands still. */
const LATENCY_MS_MAX = 2000

test(`noise of ${SECONDS} s, seed ${SEED}`, async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t), SETTINGS, HEAP)
  const random = new Random(SEED)
  const client = new NoiseClient(daemon.port, random)
  const neighbours = new Neighbours(await RespClient.connect(daemon.port, 3), await BinaryClient.connect(daemon.port))
  t.after(() => {
    neighbours.close()
  })
  const began = Date.now()
  const end = began + SECONDS * 1000
  let warm = 0
  const noisy = async (): Promise<void> => {
    while (Date.now() < end) {
      await client.run(random.pick(NOISES))
      // Pools and caches are full, code is compiled.
      if (warm === 0 && Date.now() > began + (SECONDS * 1000) / 3) warm = daemon.residentSize
    }
  }
  const watched = neighbours.run(end)
  await Promise.all([watched, ...Array.from({ length: NOISY }, noisy)])
  await until('no other is left', async () => (await neighbours.connected()) === 2)
  await neighbours.ask() // those that were paused have left nothing either
  const memory = await neighbours.memory()
  const growth = daemon.residentSize - warm
  t.diagnostic(
    `${client.count} connections, ${Math.round(client.size / MIB)} MiB; ${neighbours.count} requests of neighbours, median ` +
      `${neighbours.latencyMs(0.5)} ms, 99 % ${neighbours.latencyMs(0.99)} ms, longest ${neighbours.latencyMs(1)} ms; ` +
      `resident ${Math.round(warm / MIB)} MiB after a third, ${Math.round((warm + growth) / MIB)} MiB at the end, ` +
      `of that heap ${Math.round(memory.heap / MIB)} MiB`,
  )
  assert.ok(client.count > SECONDS * 10, `only ${client.count} connections`)
  assert.ok(neighbours.latencyMs(1) < LATENCY_MS_MAX, `a neighbour waited ${neighbours.latencyMs(1)} ms`)
  assert.ok(growth < GROWTH_MAX, `${Math.round(growth / MIB)} MiB more`)
  assert.equal(memory.clients < MIB, true, `clients hold ${memory.clients} bytes`)
  // Whoever claims to have much to say, or does not read, may be dropped with a warning; nothing worse has been logged.
  assert.deepEqual(
    daemon.output.filter((line) => /"level":[56]0/.test(line)),
    [],
  )
  assert.equal(await daemon.stop(), 0)
})

/** One client of each protocol that knows what it must get. */
class Neighbours {
  readonly #resp: RespClient
  readonly #binary: BinaryClient
  readonly #waits: number[] = []
  count = 0

  constructor(resp: RespClient, binary: BinaryClient) {
    this.#resp = resp
    this.#binary = binary
  }

  close(): void {
    this.#resp.close()
    this.#binary.close()
  }

  async run(end: number): Promise<void> {
    while (Date.now() < end) await this.ask()
  }

  /** Throws AssertionError when a reply is wrong. */
  async ask(): Promise<void> {
    const i = this.count++
    const value = `value ${i}`
    const replies = Promise.all([
      this.#resp.pipeline([
        ['SET', 'neighbour:resp', value],
        ['INCR', 'neighbour:count'],
        ['GET', 'neighbour:resp'],
        ['EXISTS', 'neighbour:none'],
      ]),
      this.#binary.pipeline([ask.incr('neighbour:n'), ask.set('neighbour:b', value), ask.get('neighbour:b')]),
    ])
    const [resp, binary] = await this.#timed(replies)
    assert.deepEqual(resp, [OK, i + 1, value, 0])
    assert.deepEqual(binary, [reply.i64(i + 1), { status: 0, payload: '' }, reply.value(value)])
  }

  async #timed<T>(replies: Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await replies
    this.#waits.push(performance.now() - began)
    return result
  }

  /** The time within which the share of all requests was answered. */
  latencyMs(share: number): number {
    const sorted = this.#waits.toSorted((a, b) => a - b)
    return Math.round(sorted[Math.ceil(share * sorted.length) - 1]! * 10) / 10
  }

  async connected(): Promise<number> {
    return this.#figure('connected_clients')
  }

  async memory(): Promise<{ heap: number; clients: number }> {
    return { heap: await this.#figure('used_memory_heap'), clients: await this.#figure('mem_clients_normal') }
  }

  async #figure(name: string): Promise<number> {
    const info = await this.#timed(this.#resp.call('INFO'))
    assert.ok(typeof info === 'object' && info !== null && 'verbatim' in info)
    return Number(new RegExp(`\\b${name}:(\\d+)`).exec(info.verbatim)![1])
  }
}
