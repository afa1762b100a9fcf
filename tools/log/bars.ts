import { sizeText } from '../../segments/index.js'
import type { Terminal } from '../terminal.js'

/** A segment, or several neighbours, as a bar shows them. Sizes in bytes; what is neither live nor a tombstone is dead. */
export interface Bar {
  readonly label: string
  readonly size: number
  readonly liveSize: number
  readonly tombstoneSize: number
  readonly isActive: boolean
  /** Segments that it stands for. */
  readonly count: number
}

const UNICODE = { live: '█', tombstones: '▒', dead: '░' } as const
const ASCII = { live: '#', tombstones: ':', dead: '.' } as const
const COLOURS = { live: 32, tombstones: 33, dead: 31 } as const
type Sort = keyof typeof UNICODE

/** A bar has at least this many cells, however narrow the terminal. */
const CELLS_MIN = 10
/** Lines of a terminal that are left to others: those above and below the bars, two of `watch`, and the prompt. */
const OTHER_ROWS = 6

/** Bars below one another, as long as the terminal is wide, and what their cells mean. */
export function drawBars(bars: readonly Bar[], terminal: Terminal): string {
  const rows = terminal.rows === null ? bars.length : Math.max(1, terminal.rows - OTHER_ROWS)
  const shown = grouped(bars, Math.ceil(bars.length / rows))
  const labels = shown.map(({ label }) => label)
  const facts = shown.map(factsOf)
  const labelWidth = Math.max(...labels.map((it) => it.length))
  const factsWidth = Math.max(...facts.map((it) => it.length))
  const cells = Math.max(CELLS_MIN, terminal.columns - labelWidth - factsWidth - 4)
  const largest = Math.max(1, ...shown.map(({ size }) => size))
  const lines = shown.map((bar, i) => {
    const drawn = drawBar(bar, cells, largest, terminal)
    return `${labels[i]!.padStart(labelWidth)} |${drawn}| ${facts[i]!}`.trimEnd()
  })
  return `${[...lines, legend(terminal)].join('\n')}\n`
}

/** Neighbours put together, so many of them at a time. */
function grouped(bars: readonly Bar[], count: number): Bar[] {
  if (count <= 1) return [...bars]
  const groups: Bar[] = []
  for (let i = 0; i < bars.length; i += count) {
    const group = bars.slice(i, i + count)
    const sum = (of: (bar: Bar) => number): number => group.reduce((total, bar) => total + of(bar), 0)
    groups.push({
      label: group[0]!.label,
      size: sum((it) => it.size),
      liveSize: sum((it) => it.liveSize),
      tombstoneSize: sum((it) => it.tombstoneSize),
      isActive: group.at(-1)!.isActive,
      count: sum((it) => it.count),
    })
  }
  return groups
}

function factsOf({ size, liveSize, isActive, count }: Bar): string {
  const several = count > 1 ? `  x${count}` : ''
  return `${percentText(liveSize, size).padStart(4)}  ${sizeText(size)}${several}${isActive ? '  active' : ''}`
}

/** `53%`; a dash of nothing. */
export function percentText(part: number, whole: number): string {
  return whole === 0 ? '-' : `${Math.floor((part / whole) * 100)}%`
}

function drawBar({ size, liveSize, tombstoneSize }: Bar, cells: number, largest: number, terminal: Terminal): string {
  const end = size === 0 ? 0 : Math.max(1, Math.round((size / largest) * cells))
  const cellOf = (part: number): number => (size === 0 ? 0 : Math.round((part / size) * end))
  const live = cellOf(liveSize)
  const tombstones = cellOf(liveSize + tombstoneSize) - live
  const parts = [
    paint('live', live, terminal),
    paint('tombstones', tombstones, terminal),
    paint('dead', end - live - tombstones, terminal),
  ]
  return parts.join('') + ' '.repeat(cells - end)
}

function paint(sort: Sort, count: number, { isUnicode, hasColour }: Terminal): string {
  if (count === 0) return ''
  const text = (isUnicode ? UNICODE : ASCII)[sort].repeat(count)
  return hasColour ? `\x1b[${COLOURS[sort]}m${text}\x1b[0m` : text
}

function legend(terminal: Terminal): string {
  return (['live', 'tombstones', 'dead'] as const).map((sort) => `${paint(sort, 1, terminal)} ${sort}`).join('   ')
}
