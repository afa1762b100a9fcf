import type { Args } from '../protocol/resp/args.js'
import type { Command, Subcommand } from './command.js'
import { findSubcommand } from './container.js'
import { LatencyHistogram } from './latency-histogram.js'

/** So many first calls are timed one by one, later ones ... */
const TIMED_FIRST = 16
/** ... one in so many, which then stands for all of them: asking the clock costs as much as a short command. */
const TIMED_STEP = 64
/** Codes of errors beyond so many are not told apart: clients can make them up. */
const ERROR_CODES_MAX = 128
/** Redis looks so far for the end of the code. */
const ERROR_CODE_SIZE_MAX = 32
const NS_PER_MS = 1e6
const US_PER_MS = 1000
const NOTHING_COUNTED = { calls: 0, usec: 0, rejected: 0, failed: 0, latencies: null }

/** What has been counted of one command, or of one word behind its name. */
export interface CommandCounts {
  /** As INFO tells it: `get`, `config|get`. */
  readonly name: string
  calls: number
  /** Time spent in it, in µs, estimated from samples. */
  usec: number
  /** Calls that were never run: wrong arguments, no password. */
  rejected: number
  /** Calls that were answered with an error. */
  failed: number
  /** How long its calls took, from the same samples; null where none was timed. */
  latencies: LatencyHistogram | null
}

/** Counts what INFO tells in its sections `commandstats`, `latencystats` and `errorstats`, whatever protocol commands came in. */
export class CommandStats {
  /** Kept for good, so that whoever counts may hold on to them. */
  readonly #byCode: (CommandCounts | undefined)[] = []
  readonly #bySubcommand = new Map<Subcommand, CommandCounts>()
  /** Commands that have run. */
  total = 0
  errorTotal = 0
  readonly errors = new Map<string, number>()
  /** Whether histograms are kept of how long calls take. */
  isTrackingLatency = true
  /** Per cent of the calls whose longest time is told. */
  percentiles: readonly number[] = [50, 99, 99.9]

  of(command: Pick<Command, 'code' | 'name'>): CommandCounts {
    return (this.#byCode[command.code] ??= countsOf(command.name))
  }

  /** As in Redis a word behind a command's name is counted as a command of its own. */
  ofSubcommand(command: Command, subcommand: Subcommand): CommandCounts {
    let counts = this.#bySubcommand.get(subcommand)
    if (counts === undefined) {
      counts = countsOf(fullName(command, subcommand))
      this.#bySubcommand.set(subcommand, counts)
    }
    return counts
  }

  /** What counts for this request. */
  ofRequest(command: Command, args: Args): CommandCounts {
    if (command.subcommands === undefined || args.count < 2) return this.of(command)
    const subcommand = findSubcommand(command.subcommands, args, 1)
    return subcommand === undefined ? this.of(command) : this.ofSubcommand(command, subcommand)
  }

  /** All that were called at least once, or should have been. */
  get all(): CommandCounts[] {
    return this.#kept().filter(({ calls, rejected, failed }) => calls + rejected + failed > 0)
  }

  /** A command has run, with or without success; `began`: where {@link timingWeight} was not 0, the performance.now() before. */
  countCall(counts: CommandCounts, weight: number, began: number): void {
    counts.calls++
    this.total++
    if (weight !== 0) this.#addTime(counts, weight, performance.now() - began)
  }

  #addTime(counts: CommandCounts, weight: number, tookMs: number): void {
    counts.usec += tookMs * US_PER_MS * weight
    if (this.isTrackingLatency) (counts.latencies ??= new LatencyHistogram()).add(tookMs * NS_PER_MS, weight)
  }

  /** A command was answered with an error. */
  countError(text: string): void {
    this.errorTotal++
    const end = text.indexOf(' ')
    const code = end > 0 && end < ERROR_CODE_SIZE_MAX ? text.slice(0, end) : 'ERR'
    const count = this.errors.get(code)
    if (count !== undefined || this.errors.size < ERROR_CODES_MAX) this.errors.set(code, (count ?? 0) + 1)
  }

  #kept(): CommandCounts[] {
    return [...this.#byCode.filter((it) => it !== undefined), ...this.#bySubcommand.values()]
  }

  reset(): void {
    for (const counts of this.#kept()) Object.assign(counts, NOTHING_COUNTED)
    this.total = 0
    this.errorTotal = 0
    this.errors.clear()
  }
}

/** A command's name with the word behind it, as Redis writes it. */
export function fullName(command: Command, subcommand: Subcommand): string {
  return `${command.name}|${subcommand.name}`
}

function countsOf(name: string): CommandCounts {
  return { name, ...NOTHING_COUNTED }
}

/** For how many calls the next one's time stands; 0: it is not timed. */
export function timingWeight({ calls }: CommandCounts): number {
  if (calls < TIMED_FIRST) return 1
  return calls % TIMED_STEP === 0 ? TIMED_STEP : 0
}
