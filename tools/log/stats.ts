import { LogSnapshot, NodeDisk, type SegmentTally } from '../../segments/index.js'
import {
  causeName,
  kindName,
  logStats,
  withState,
  type KeyText,
  type LogStats,
  type Share,
  type StatsOptions,
  type Top,
} from '../../src/inspection.js'
import type { Output } from '../output.js'
import { Progress } from '../progress.js'
import { escapeBytes, table, utf8OrNull } from '../text.js'
import { percentText } from './bars.js'

/** `flin log stats`: what the log is made of. */
export async function stats(folder: string, asJson: boolean, options: StatsOptions, output: Output): Promise<number> {
  const snapshot = await LogSnapshot.take(new NodeDisk(folder))
  const progress = new Progress()
  try {
    const made = await withState(snapshot, Date.now(), (log, keyspace) => {
      let done = 0
      return logStats(snapshot, keyspace, options, (size) => {
        progress.show('reading', (done += size), log.size)
      })
    })
    progress.clear()
    const { logId } = snapshot.manifest
    await output.write(asJson ? `${JSON.stringify({ logId, ...json(made) })}\n` : text(logId, made, options))
    return 0
  } finally {
    progress.clear()
    await snapshot.close()
  }
}

const SHARE_HEAD = ['records', 'bytes', 'live records', 'live bytes', 'live']
/** The first column is text. */
const LEFT = new Set([0])

function text(logId: string, made: LogStats, options: StatsOptions): string {
  const { total, tombstones, byKind, byCommand, byPrefix, keysBySize, keysByCount, segments } = made
  const delimiter = escapeBytes(options.delimiter)
  const blocks = [
    `log id  ${logId}\n`,
    shares('all', [
      ['records', total],
      ['tombstones', tombstones],
    ]),
    shares('kind', named(byKind, kindName)),
    shares('command', named(byCommand, causeName)),
    `prefixes up to "${delimiter}", ${options.depth} deep; ${trust(byPrefix, 'bytes')}\n${shares(
      'prefix',
      byPrefix.list.map(({ item }) => [item.size === 0 ? '(none)' : keyText(item), item.share] as const),
    )}`,
    weights('keys by the bytes of all their records', 'bytes', keysBySize),
    weights('keys by the number of their records', 'records', keysByCount),
    table([['segment', 'size', 'live bytes', 'live'], ...segments.map(segmentRow)], LEFT),
  ]
  return blocks.join('\n')
}

function shares(what: string, rows: readonly (readonly [string, Share])[]): string {
  return table([[what, ...SHARE_HEAD], ...rows.map(([name, share]) => [name, ...shareRow(share)])], LEFT)
}

function shareRow({ count, size, liveCount, liveSize }: Share): string[] {
  return [...[count, size, liveCount, liveSize].map(String), percentText(liveSize, size)]
}

/** The largest first. */
function named(shares: ReadonlyMap<number, Share>, nameOf: (code: number) => string): [string, Share][] {
  return [...shares].sort(([, a], [, b]) => b.size - a.size).map(([code, share]) => [nameOf(code), share])
}

function trust({ count, errorMax }: Top<unknown>, unit: string): string {
  if (count !== null) return `${count} in all, counted exactly`
  return `estimated: each may be up to ${errorMax} ${unit} heavier than told; nothing heavier than that is missing`
}

function weights(title: string, unit: string, top: Top<KeyText>): string {
  const rows = top.list.map(({ item, weight }) => [keyText(item), String(weight)])
  return `${title}; ${trust(top, unit)}\n${table([['key', unit], ...rows], LEFT)}`
}

function keyText({ latin1, size }: KeyText): string {
  const rest = latin1.length < size ? `... (${size} bytes)` : ''
  return `"${escapeBytes(Buffer.from(latin1, 'latin1'))}"${rest}`
}

function segmentRow({ name, size, liveSize }: SegmentTally): string[] {
  return [name, String(size), String(liveSize), percentText(liveSize, size)]
}

function json({ total, tombstones, byKind, byCommand, byPrefix, keysBySize, keysByCount, segments }: LogStats) {
  return {
    total: shareJson(total),
    tombstones: { count: tombstones.count, size: tombstones.size },
    byKind: named(byKind, kindName).map(([kind, share]) => ({ kind, ...shareJson(share) })),
    byCommand: named(byCommand, causeName).map(([command, share]) => ({ command, ...shareJson(share) })),
    byPrefix: topJson(byPrefix, ({ share, ...item }) => ({ ...keyJson('prefix', item), ...shareJson(share) })),
    keysBySize: topJson(keysBySize, (item) => keyJson('key', item)),
    keysByCount: topJson(keysByCount, (item) => keyJson('key', item)),
    segments,
  }
}

function shareJson({ count, size, liveCount, liveSize }: Share) {
  return { count, size, liveCount, liveSize }
}

function topJson<T>({ list, count, errorMax }: Top<T>, itemJson: (item: T) => object) {
  return { count, errorMax, list: list.map(({ item, weight }) => ({ ...itemJson(item), weight })) }
}

/** Text under the name itself when it is UTF-8, else base64 under `<name>Base64`; with its size when it is cut. */
function keyJson(name: string, { latin1, size }: KeyText): object {
  const bytes = Buffer.from(latin1, 'latin1')
  const whole = utf8OrNull(bytes)
  const shown = whole === null ? { [`${name}Base64`]: bytes.toString('base64') } : { [name]: whole }
  return bytes.length < size ? { ...shown, [`${name}Size`]: size } : shown
}
