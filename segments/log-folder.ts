import type { BatchHeader } from './batch.js'
import { type Disk, type DiskFile, readFully, readWhole } from './disk.js'
import { FlinError } from './errors.js'
import { aligned, checksumSeed } from './format.js'
import { KeyHasher } from './key-hash.js'
import { type Manifest, type ManifestSegment, readManifest, vouchedOffset } from './manifest.js'
import { parseSegmentName, segmentName, sideFileName } from './names.js'
import { isNodeError } from './node-disk.js'
import { decodeSideFile, type SideFile } from './side-file.js'
import { walkSegment } from './walk.js'

/**
 * A log's folder as its files show it. Reading it this way locks nothing and writes nothing, so it may have a running owner
 * meanwhile, and may lie on a medium that cannot be written.
 */
export interface LogFolder {
  readonly disk: Disk
  readonly manifest: Manifest
  readonly seed: number
  readonly hasher: KeyHasher
}

/** @throws FlinError BAD_SETTING when there is no log, LOG_CORRUPT when its manifest is damaged or gone, FORMAT_UNKNOWN */
export async function readLogFolder(disk: Disk): Promise<LogFolder> {
  const manifest = await readManifest(disk)
  if (manifest === null) {
    if ((await disk.list()).some((name) => parseSegmentName(name) !== null)) {
      throw new FlinError('LOG_CORRUPT', 'the folder holds segments, but no MANIFEST: restore it from a copy')
    }
    throw new FlinError('BAD_SETTING', 'there is no log in this folder: it has no MANIFEST')
  }
  checkManifest(manifest)
  const hasher = new KeyHasher(manifest.hashSeed[0], manifest.hashSeed[1])
  return { disk, manifest, seed: checksumSeed(manifest.logId), hasher }
}

/** What a checksum cannot tell: that whoever wrote the manifest was right. */
function checkManifest({ segments, epochs }: Manifest): void {
  for (let i = 0; i < segments.length; i++) {
    const { baseOffset, sealed } = segments[i]!
    const next = segments[i + 1]
    const isFaulty =
      (sealed === null) !== (next === undefined) ||
      (sealed !== null && sealed.endOffset < baseOffset) ||
      (sealed !== null && next !== undefined && next.baseOffset < sealed.endOffset)
    if (isFaulty) throw new FlinError('LOG_CORRUPT', `the manifest contradicts itself about segment ${i}`)
  }
  for (let i = 1; i < epochs.length; i++) {
    if (epochs[i]![0] <= epochs[i - 1]![0] || epochs[i]![1] < epochs[i - 1]![1]) {
      throw new FlinError('LOG_CORRUPT', `the manifest contradicts itself about epoch ${epochs[i]![0]}`)
    }
  }
}

/** A stretch of a segment that is not what was written, and the offsets that are hurt by it. */
export interface DamagedRange {
  readonly position: number
  /** Bytes up to the next intact batch, or up to the last one that is not zero; 0 when the end is gone without a trace. */
  readonly size: number
  readonly firstOffset: number
  /** The first offset behind it that is known; null: how many offsets lay in it cannot be told. */
  readonly endOffset: number | null
  /** It may be a write that a crash interrupted: nothing says that it was ever finished. The next start cuts it by itself. */
  readonly torn: boolean
}

export type SegmentStep =
  | { readonly type: 'batch'; readonly position: number; readonly header: BatchHeader }
  | { readonly type: 'damage'; readonly damage: DamagedRange }

/** A segment's bytes in memory; they are overwritten when the same loader loads the next one. */
export interface LoadedSegment {
  readonly entry: ManifestSegment
  readonly name: string
  readonly bytes: Buffer
  /** Where the segment ends: its size when it is sealed, else the end of the file, which may be zeroes. */
  readonly end: number
  /** Size of the file; null when it is missing. */
  readonly fileSize: number | null
}

const SETTLE_TRIES = 5
const SETTLE_MS = 20

/** Loads segments one after the other into the same memory: fresh memory costs more time than reading the cached file. */
export class SegmentLoader {
  #memory: Buffer = Buffer.alloc(0)

  async load({ disk }: LogFolder, entry: ManifestSegment): Promise<LoadedSegment> {
    const name = segmentName(entry.baseOffset, entry.generation)
    const file = await openIfThere(disk, name)
    if (file === null) return { entry, name, bytes: this.#take(entry.sealed?.size ?? 0), end: 0, fileSize: null }
    try {
      const fileSize = await file.size()
      const end = entry.sealed?.size ?? aligned(fileSize)
      const bytes = this.#take(end)
      await readInto(file, bytes, 0)
      return { entry, name, bytes, end, fileSize }
    } finally {
      await file.close()
    }
  }

  #take(size: number): Buffer {
    if (this.#memory.length < size) this.#memory = Buffer.allocUnsafeSlow(size)
    return this.#memory.subarray(0, size)
  }
}

/** Opens a file for reading; null when there is none. */
export async function openIfThere(disk: Disk, name: string): Promise<DiskFile | null> {
  try {
    return await disk.open(name, {})
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return null
    throw error
  }
}

/** Reads a file from `from` on; what it does not have is zeroes. */
async function readInto(file: DiskFile, bytes: Buffer, from: number): Promise<void> {
  const got = await readFully(file, bytes, from, bytes.length - from, from)
  bytes.fill(0, from + got)
}

/** The owner may be writing the active segment just now: what looks torn is read again for as long as it changes. */
export async function settle(folder: LogFolder, loaded: LoadedSegment): Promise<void> {
  if (loaded.entry.sealed !== null || loaded.fileSize === null) return
  for (let i = 0; i < SETTLE_TRIES; i++) {
    const torn = tornPosition(folder, loaded)
    if (torn === -1) return
    const before = Buffer.from(loaded.bytes.subarray(torn))
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const file = await openIfThere(folder.disk, loaded.name)
    if (file === null) return
    try {
      await readInto(file, loaded.bytes, torn)
    } finally {
      await file.close()
    }
    if (before.equals(loaded.bytes.subarray(torn))) return
  }
}

function tornPosition(folder: LogFolder, loaded: LoadedSegment): number {
  for (const step of segmentSteps(folder, loaded)) {
    if (step.type === 'damage' && step.damage.torn) return step.damage.position
  }
  return -1
}

/** What lies in a segment, in order. Ends at a torn tail, since whatever is behind that goes with it. */
export function* segmentSteps(folder: LogFolder, loaded: LoadedSegment): Generator<SegmentStep, void, undefined> {
  const { baseOffset, sealed } = loaded.entry
  const vouched = vouchedOffset(folder.manifest)
  let position = 0
  let nextOffset = baseOffset
  for (const step of walkSegment(loaded.bytes, 0, loaded.end, folder.seed, baseOffset)) {
    if (step.type === 'batch') {
      yield step
      position = step.position + step.header.size
      nextOffset = step.header.lastOffset + 1
      continue
    }
    const { firstOffset, endOffset } = step.damage
    const torn = sealed === null && !step.damage.vouched && firstOffset >= vouched
    position = step.damage.position
    if (torn || endOffset === null) {
      const size = sealed === null ? step.damage.size : sealed.size - position
      const known = torn ? null : (sealed?.endOffset ?? vouched)
      yield { type: 'damage', damage: { position, size, firstOffset, endOffset: known, torn } }
      return
    }
    yield { type: 'damage', damage: { position, size: step.damage.size, firstOffset, endOffset, torn } }
    position += step.damage.size
    nextOffset = endOffset
  }
  // Zeroes do not damage a batch, but they do not make up for one either.
  const isWhole = sealed === null ? nextOffset >= vouched : position === sealed.size
  if (isWhole && loaded.fileSize !== null) return
  const size = sealed === null ? 0 : sealed.size - position
  // How much an active segment held that is gone, nobody can tell.
  const activeEnd = loaded.fileSize === null ? null : Math.max(vouched, nextOffset)
  const endOffset = sealed === null ? activeEnd : sealed.endOffset
  yield { type: 'damage', damage: { position, size, firstOffset: nextOffset, endOffset, torn: false } }
}

/** Whether a side file is there and what it says. */
export type SideFileState =
  | { readonly state: 'ok'; readonly side: SideFile }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly reason: string }

/** Reads the side file of a sealed segment; believes it as far as its checksum and the manifest agree. */
export async function readSideFile(folder: LogFolder, entry: ManifestSegment): Promise<SideFileState> {
  try {
    return judgeSideFile(await readWhole(folder.disk, sideFileName(entry.baseOffset, entry.generation)), folder, entry)
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return { state: 'missing' }
    throw error
  }
}

/** What the bytes of a side file say, if it is that of this segment. */
export function judgeSideFile(bytes: Buffer, { seed }: LogFolder, entry: ManifestSegment): SideFileState {
  try {
    const side = decodeSideFile(bytes, seed)
    const isOurs =
      side.baseOffset === entry.baseOffset &&
      side.generation === entry.generation &&
      side.segmentSize === entry.sealed?.size &&
      side.endOffset === entry.sealed.endOffset
    return isOurs ? { state: 'ok', side } : { state: 'damaged', reason: 'it belongs to another segment' }
  } catch (error) {
    if (error instanceof FlinError) return { state: 'damaged', reason: error.message }
    throw error
  }
}
