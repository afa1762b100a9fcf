import type { Command } from './command.js'

/** So many first calls are timed one by one, later ones ... */
const TIMED_FIRST = 16
/** ... one in so many, which then stands for all of them: asking the clock costs as much as a short command. */
const TIMED_STEP = 64
/** Codes of errors beyond so many are not told apart: clients can make them up. */
const ERROR_CODES_MAX = 128

/** What has been counted of one command. */
export interface CommandCounts {
  readonly command: Command
  calls: number
  /** Time spent in it, in µs, estimated from samples. */
  usec: number
  /** Calls that were never run: wrong arguments, no password. */
  rejected: number
  /** Calls that were answered with an error. */
  failed: number
}

/** Counts what INFO tells in its sections `commandstats` and `errorstats`. */
export class CommandStats {
  #byCode: (CommandCounts | undefined)[] = []
  /** Commands that have run. */
  total = 0
  errorTotal = 0
  readonly errors = new Map<string, number>()

  of(command: Command): CommandCounts {
    return (this.#byCode[command.code] ??= { command, calls: 0, usec: 0, rejected: 0, failed: 0 })
  }

  /** All commands that were called at least once. */
  get all(): CommandCounts[] {
    return this.#byCode.filter((it) => it !== undefined)
  }

  /** A command was answered with an error. */
  countError(text: string): void {
    this.errorTotal++
    const code = /^[^ ]*/.exec(text)![0]
    const count = this.errors.get(code)
    if (count !== undefined || this.errors.size < ERROR_CODES_MAX) this.errors.set(code, (count ?? 0) + 1)
  }

  reset(): void {
    this.#byCode = []
    this.total = 0
    this.errorTotal = 0
    this.errors.clear()
  }
}

/** For how many calls the next one's time stands; 0: it is not timed. */
export function timingWeight({ calls }: CommandCounts): number {
  if (calls < TIMED_FIRST) return 1
  return calls % TIMED_STEP === 0 ? TIMED_STEP : 0
}
