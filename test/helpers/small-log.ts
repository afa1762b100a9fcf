import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { checksumSeed } from '../../segments/format.js'
import { decodeManifest, type Manifest, type ManifestSegment } from '../../segments/manifest.js'
import { MANIFEST_NAME, segmentName, sideFileName, SPARE_NAME } from '../../segments/names.js'
import { walkSegment } from '../../segments/walk.js'
import { History } from './log-history.js'
import { logOptions, LogSession } from './log-session.js'
import { SimDisk } from './sim-disk.js'

const FAR = 4_000_000_000_000

export type Files = Map<string, Buffer>

/** How the last owner of a log ended: `closed` vouches for the last batch, `killed` leaves it unvouched. */
export type Ending = 'closed' | 'killed'

/** A batch of an intact log, as it lies there. */
export interface PlacedBatch {
  readonly position: number
  readonly size: number
  readonly baseOffset: number
  /** Offset behind its last record; its base offset when it has none. */
  readonly endOffset: number
  readonly durableOffset: number
}

export interface PlacedSegment {
  readonly name: string
  readonly sideName: string
  readonly entry: ManifestSegment
  readonly batches: readonly PlacedBatch[]
  /** Behind the last batch. */
  readonly size: number
  readonly endOffset: number
}

/** A log of a few small files with all that happened to it, to be damaged in every way. */
export interface SmallLog {
  readonly files: Files
  readonly history: History
  readonly manifest: Manifest
  readonly seed: number
  readonly segments: readonly PlacedSegment[]
  readonly active: PlacedSegment
}

/**
 * Two sealed segments with side files and an active one, written in two epochs: values, values that expire, several keys in
 * one batch, removals, a clearing of everything, batches without records.
 */
export async function smallLog(ending: Ending): Promise<SmallLog> {
  const disk = new SimDisk({ isQuick: true })
  const history = new History()
  let session = await LogSession.open(disk, logOptions(), history)
  let serial = 0
  const value = (): Buffer => Buffer.from(`value-${++serial}`)
  const commit = async (...entries: Parameters<LogSession['write']>[0]): Promise<void> => {
    await session.write(entries)
    await session.flush()
  }
  await commit(['a', value()])
  session.clear()
  await session.flush()
  await commit(['a', value()], ['b', value(), FAR])
  await commit(['c', value()])
  await commit(['a', null])
  await session.log.vouch()
  session.roll()
  await commit(['d', value(), FAR + 1])
  await commit(['c', value()], ['e', value()])
  await session.close()
  session = await LogSession.open(disk, logOptions(), history)
  await commit(['b', value()])
  session.roll()
  await commit(['f', value()])
  await commit(['e', null])
  await session.log.vouch()
  await commit(['a', value(), FAR + 2], ['g', value()])
  await commit(['f', value()])
  if (ending === 'closed') await session.close()
  while (!session.log.segments.every((it) => !it.sealed || it.columns === null)) await turn()
  const files = disk.files()
  files.delete(SPARE_NAME)
  return { files, history, ...placesOf(files) }
}

/** Where everything lies in an intact log. */
export function placesOf(files: Files): Pick<SmallLog, 'manifest' | 'seed' | 'segments' | 'active'> {
  const manifest = decodeManifest(files.get(MANIFEST_NAME)!)
  const seed = checksumSeed(manifest.logId)
  const segments = manifest.segments.map((entry) => placedSegment(entry, files, seed))
  return { manifest, seed, segments, active: segments.at(-1)! }
}

function placedSegment(entry: ManifestSegment, files: Files, seed: number): PlacedSegment {
  const { baseOffset, generation } = entry
  const name = segmentName(baseOffset, generation)
  const bytes = files.get(name)!
  const batches: PlacedBatch[] = []
  for (const step of walkSegment(bytes, 0, bytes.length, seed, baseOffset)) {
    assert.ok(step.type === 'batch', `${name} is not intact`)
    const { header, position } = step
    batches.push({ ...header, position, endOffset: header.lastOffset + 1 })
  }
  const last = batches.at(-1)
  const end = { size: (last?.position ?? 0) + (last?.size ?? 0), endOffset: last?.endOffset ?? baseOffset }
  return { name, sideName: sideFileName(baseOffset, generation), entry, batches, ...end }
}

/** The same files, one of them changed; null: it is gone. */
export function withFile(files: Files, name: string, bytes: Buffer | null): Files {
  const changed = new Map(files)
  if (bytes === null) changed.delete(name)
  else changed.set(name, bytes)
  return changed
}

/** The same files, one bit flipped in one of them. */
export function withFlip(files: Files, name: string, bit: number): Files {
  const bytes = Buffer.from(files.get(name)!)
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  return withFile(files, name, bytes)
}
