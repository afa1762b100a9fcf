/** One row of the benchmark: all contenders side by side, measured in turn. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hitRatio, load } from './client.js'
import { benchmark, type Measurement } from './redis-benchmark.js'
import { cacheSizeMib, VALUE_SIZE, type Row } from './rows.js'
import { cpuTimeUs, start, stop, type Contender, type ContenderName } from './servers.js'

/**
 * Bytes that are written before the first run of a row that moves many: by then a server uses its memory again, as it does all
 * the time later, instead of getting it from the kernel page by page. More than Flin's cache.
 */
const SETTLE_FACTOR = 1.2
/** What a record takes beside its value, roughly. */
const SETTLE_OVERHEAD = 50
const SETTLE_PIPELINE = { small: 64, large: 4 }
/** Requests of the unmeasured first run: enough for the compiler; it also tells how many make a run of seconds. */
const WARM_UP = { shallow: 60_000, deep: 500_000 }
/** Bytes of values that the first run moves at most. */
const WARM_UP_SIZE = 500_000_000
const HIT_RATIO_MIN = 0.99
/** Requests that fill what is only read afterwards. */
const FILL_COUNT = 10_000

export interface RunOptions {
  readonly contenders: readonly ContenderName[]
  readonly runs: number
  /** About how long a run is to take. */
  readonly seconds: number
  /** The Node binary for Flin and the ceiling. */
  readonly node: string
  /** Where data folders are made; it decides which disk is measured. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly progress: (text: string) => void
}

/** A measured run: redis-benchmark's figures and the server's CPU time a request, in microseconds. */
export interface Run extends Measurement {
  readonly cpuUs: number
}

export type RunsOf = Partial<Record<ContenderName, Run[]>>

/** The order of a round: each contender is first, second and last equally often. */
export function rotated<T>(list: readonly T[], round: number): T[] {
  const first = round % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}

async function prepare(row: Row, contender: Contender, options: RunOptions): Promise<number> {
  const { name, port } = contender
  if (row.loads !== null) {
    await load(port, row.loads, row.keyCount, row.valueSize)
    const ratio = await hitRatio(port, row.loads, row.keyCount, row.valueSize)
    if (ratio < HIT_RATIO_MIN) throw new Error(`${name} finds only ${ratio} of the keys that were loaded`)
  }
  const isLarge = row.valueSize > VALUE_SIZE
  if (row.loads === null && row.client === undefined && row.filledBy === undefined && (row.pipeline > 1 || isLarge)) {
    const requests = Math.ceil((cacheSizeMib(row) * 2 ** 20 * SETTLE_FACTOR) / (row.valueSize + SETTLE_OVERHEAD))
    const pipeline = isLarge ? SETTLE_PIPELINE.large : SETTLE_PIPELINE.small
    await benchmark({ ...row, pipeline }, port, requests, options.signal)
  }
  const { filledBy } = row
  if (filledBy?.often === 'once') await benchmark({ ...row, test: filledBy.test }, port, FILL_COUNT, options.signal)
  const usual = row.pipeline > 1 ? WARM_UP.deep : WARM_UP.shallow
  const requests = Math.min(usual, Math.ceil(WARM_UP_SIZE / row.valueSize))
  if (filledBy?.often === 'each run') await fill(row, port, requests, options.signal)
  const warmUp = await benchmark(row, port, requests, options.signal)
  return Math.round(warmUp.rps * options.seconds)
}

/** Brings what so many requests will take away. */
async function fill({ filledBy, ...row }: Row, port: number, requests: number, signal: AbortSignal): Promise<void> {
  await benchmark({ ...row, pipeline: SETTLE_PIPELINE.small, test: filledBy!.test }, port, requests, signal)
}

async function measure(row: Row, contender: Contender, requests: number, signal: AbortSignal): Promise<Run> {
  const { filledBy } = row
  if (filledBy?.often === 'each run') await fill(row, contender.port, requests, signal)
  const before = cpuTimeUs(contender)
  const measurement = await benchmark(row, contender.port, requests, signal)
  return { ...measurement, cpuUs: (cpuTimeUs(contender) - before) / requests }
}

/**
 * Starts every contender afresh, loads and warms them up, measures them in interleaved rounds, and stops them.
 * @throws Error when a contender does not start, answers an error or loses keys; the signal's reason when aborted.
 */
export async function runRow(row: Row, options: RunOptions): Promise<RunsOf> {
  const parent = mkdtempSync(join(options.folder, 'flin-bench-'))
  // However the benchmark ends, nothing stays in the temporary folder.
  const remove = () => rmSync(parent, { recursive: true, force: true })
  process.once('exit', remove)
  const started: { contender: Contender; requests: number }[] = []
  const results: RunsOf = {}
  try {
    for (const name of options.contenders) {
      if (name === 'ceiling' && row.withoutCeiling === true) continue
      options.progress(`${row.id}: ${name} warms up`)
      const contender = await start(name, {
        ...{ parent, policy: row.policy, node: options.node, signal: options.signal },
        cacheSizeMib: cacheSizeMib(row),
      })
      const entry = { contender, requests: 0 }
      started.push(entry)
      entry.requests = await prepare(row, contender, options)
    }
    for (let round = 0; round < options.runs; round++) {
      for (const { contender, requests } of rotated(started, round)) {
        options.progress(`${row.id}: round ${round + 1} of ${options.runs}, ${contender.name}`)
        ;(results[contender.name] ??= []).push(await measure(row, contender, requests, options.signal))
      }
    }
  } finally {
    await Promise.all(started.map(({ contender }) => stop(contender)))
    process.off('exit', remove)
    remove()
  }
  return results
}
