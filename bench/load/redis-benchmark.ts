/** Running redis-benchmark and reading what it prints. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Row } from './rows.js'

export const CLIENT_CORE = '1'
const execute = promisify(execFile)

export interface Measurement {
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What runs a row, up to its arguments. */
function programOf({ client }: Row): string[] {
  if (client === undefined) return ['redis-benchmark']
  return [process.execPath, fileURLToPath(new URL(`./${client}.js`, import.meta.url))]
}

/** The arguments of one run. */
export function benchmarkArguments(row: Row, port: number, requests: number): string[] {
  const numbers = { p: port, n: requests, c: row.connections, P: row.pipeline, d: row.valueSize, r: row.keyCount }
  return ['--csv', ...Object.entries(numbers).flatMap(([flag, value]) => [`-${flag}`, String(value)]), ...row.test]
}

/**
 * Reads the output of `redis-benchmark --csv` (7.0: a line of names, then a line a test).
 * @throws Error when there is not exactly one test in it, or a column is missing.
 */
export function parseCsv(output: string): Measurement {
  const lines = output.split('\n').filter((line) => line.startsWith('"'))
  const [names, values] = lines.map((line) => line.trim().slice(1, -1).split('","'))
  if (lines.length !== 2 || names === undefined || values?.length !== names.length) {
    throw new Error(`redis-benchmark printed no result: ${output.trim()}`)
  }
  const column = (name: string): number => {
    const value = Number(values[names.indexOf(name)] ?? NaN)
    if (!Number.isFinite(value)) throw new Error(`redis-benchmark printed no ${name}: ${output.trim()}`)
    return value
  }
  return { rps: column('rps'), p50Ms: column('p50_latency_ms'), p99Ms: column('p99_latency_ms') }
}

/**
 * Runs redis-benchmark, or the row's own client, which takes the same flags and prints the same, on its core.
 * @throws Error when it fails (also for any error reply of the server), AbortError when the signal is aborted.
 */
export async function benchmark(row: Row, port: number, requests: number, signal: AbortSignal): Promise<Measurement> {
  const line = ['-c', CLIENT_CORE, ...programOf(row), ...benchmarkArguments(row, port, requests)]
  const { stdout } = await execute('taskset', line, { signal })
  return parseCsv(stdout)
}
