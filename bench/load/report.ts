/** From measured runs to medians, ratios, verdicts and tables. */
import { CEILING_FLOOR, KEY_COUNT, VALUE_SIZE, type Row } from './rows.js'
import type { Run, RunsOf } from './run.js'
import { CONTENDERS, type ContenderName } from './servers.js'
import type { Machine } from './machine.js'

/** One row of a results file. */
export interface RowResult extends Pick<
  Row,
  'id' | 'policy' | 'connections' | 'pipeline' | 'floor' | 'withoutCeiling'
> {
  /** ISO 8601, UTC. */
  readonly measuredAt: string
  readonly runs: RunsOf
}

/** A results file. */
export interface Results {
  readonly machine: Machine
  readonly rows: readonly RowResult[]
}

/** The middle of the sorted numbers, or the mean of the two middle ones; NaN for none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN
  return (lower + upper) / 2
}

export interface Summary {
  readonly id: string
  /** Medians over the runs. */
  readonly rps: Partial<Record<ContenderName, number>>
  readonly cpuUs: Partial<Record<ContenderName, number>>
  /** Flin's median over that of Redis and of the ceiling; null when one of the two was not measured. */
  readonly overRedis: number | null
  readonly overCeiling: number | null
  readonly floor: number | null
  /** Whether both floors are reached; null when Flin was not measured beside what it is held against. */
  readonly reached: boolean | null
}

/** The figures of a row. */
export function summarize(result: RowResult): Summary {
  const medians = (pick: (run: Run) => number) =>
    Object.fromEntries(
      CONTENDERS.flatMap((name) => {
        const runs = result.runs[name]
        return runs === undefined ? [] : [[name, median(runs.map(pick))]]
      }),
    ) as Partial<Record<ContenderName, number>>
  const rps = medians((run) => run.rps)
  const over = (name: ContenderName) =>
    rps.flin === undefined || rps[name] === undefined ? null : rps.flin / rps[name]
  const overRedis = over('redis')
  const overCeiling = over('ceiling')
  const verdicts = [
    result.floor === null ? true : atLeast(overRedis, result.floor),
    result.withoutCeiling === true ? true : atLeast(overCeiling, CEILING_FLOOR),
  ]
  const reached = verdicts.includes(false) ? false : verdicts.includes(null) ? null : true
  const cpuUs = medians((run) => run.cpuUs)
  return { id: result.id, rps, cpuUs, overRedis, overCeiling, floor: result.floor, reached }
}

function atLeast(ratio: number | null, floor: number): boolean | null {
  return ratio === null ? null : ratio >= floor
}

const HEADINGS = [
  'row',
  ...CONTENDERS.map((name) => `${name} req/s`),
  'flin/redis',
  'wanted',
  'flin/ceiling',
  ...CONTENDERS.map((name) => `${name} CPU us/op`),
  'reached',
]

/** The cells of a row, in the order of the headings; an empty cell is something not measured or not wanted. */
function cells(summary: Summary): string[] {
  const ratio = (value: number | null) => value?.toFixed(2) ?? ''
  const verdict = summary.reached === null ? '' : summary.reached ? 'yes' : 'NO'
  return [
    summary.id,
    ...CONTENDERS.map((name) =>
      Math.round(summary.rps[name] ?? NaN)
        .toLocaleString('en-US')
        .replace('NaN', ''),
    ),
    ratio(summary.overRedis),
    ratio(summary.floor),
    ratio(summary.overCeiling),
    ...CONTENDERS.map((name) => summary.cpuUs[name]?.toFixed(2) ?? ''),
    verdict,
  ]
}

/** A table in Markdown, its columns padded so that it reads well in a terminal too. */
export function renderTable(results: readonly RowResult[]): string {
  const lines = [HEADINGS, ...results.map((result) => cells(summarize(result)))]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)
  const [head, ...body] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`)
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [head, rule, ...body].join('\n')
}

/** The rows of two results files of the same day and Node version: what is newer takes the place of what is older. */
export function merge(older: readonly RowResult[], newer: readonly RowResult[], order: readonly string[]): RowResult[] {
  const byId = new Map([...older, ...newer].map((row) => [row.id, row]))
  return [...byId.values()].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
}

/** RESULTS.md: the page of the given results files. */
export function renderPage(all: readonly Results[]): string {
  const sections = all.map(({ machine, rows }) => {
    const runs = Math.min(...rows.flatMap((row) => Object.values(row.runs).map((list) => list.length)))
    const facts = [
      `- measured: ${rows[0]!.measuredAt.slice(0, 10)}, medians of ${runs} interleaved runs or more`,
      `- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryMiB} MiB, Linux ${machine.kernel}, data on ${machine.filesystem}`,
      `- versions: Node ${machine.node}, Redis ${machine.redis}`,
      `- load average of the machine before the first run: ${machine.loadAverage}`,
    ]
    return `## Node ${machine.node}\n\n${facts.join('\n')}\n\n${renderTable(rows)}\n`
  })
  return `# Load benchmark: results

Written by \`npm run bench -- --write\`; do not edit. The same redis-benchmark against flin-server, redis-server and
the ceiling (\`bench/ceiling\`: what Node can do on this machine), under the same policy: server on core 0, client on
core 1, ${VALUE_SIZE}-byte values and ${KEY_COUNT.toLocaleString('en-US')} random keys unless the row says otherwise (5,000 keys of 16 KB, 100 of 1 MB), P: pipeline depth, c: connections. A request of MSET10 sets ten keys, one
of MGET100 gets a hundred.
Redis writes its append-only file under the same \`appendfsync\`, without snapshots and rewrites. Flin's cache is as large as the
ceiling's memory, or its default for larger values. Before a row that writes much all write 1.2 times that cache: from then on
memory is used again, and not had from the kernel page by page.
"wanted" is the least flin/redis; flin/ceiling is to be ${CEILING_FLOOR} or better in every row.
"reached" is yes when both are. CPU is the server's, user and system, all threads.

${sections.join('\n')}`
}
