import { type Disk, readWhole } from '../disk.js'
import { FlinError } from '../errors.js'
import { RECORD_FLAG } from '../format.js'
import type { KeyHasher } from '../key-hash.js'
import { isNodeError } from '../node-disk.js'
import type { RestartColumns } from '../restart-columns.js'
import { decodeSideFile } from '../side-file.js'
import { allocate } from '../segment-memory.js'
import type { Supersession } from './liveness.js'
import type { Pace } from './pace.js'
import { scanSegment, type Source } from './scan.js'

/** What a rewrite has to know to keep history. */
export interface HistoryTask {
  /** The segments behind the run and before the window, in order. */
  readonly later: readonly Source[]
  readonly supersession: Supersession
}

/**
 * The dead records of a segment of which it is not known what has superseded them, found by their hash. Keys that share a hash
 * share their history, too: what one of them has superseded of the other goes earlier, and what is alive never does.
 */
export class Superseded {
  readonly #columns: RestartColumns
  readonly #supersession: Supersession
  readonly #isOpen: Uint8Array
  readonly #table: Int32Array
  readonly #mask: number
  /** How many are still open. */
  count = 0

  /** @param keep 0 for what is dead, 1 for what stays */
  constructor(columns: RestartColumns, keep: Uint8Array, supersession: Supersession) {
    this.#columns = columns
    this.#supersession = supersession
    this.#isOpen = new Uint8Array(columns.count)
    for (let i = 0; i < columns.count; i++) {
      const isTombstone = ((columns.kinds[i]! >>> 8) & RECORD_FLAG.tombstone) !== 0
      if (keep[i] !== 0 || isTombstone || !supersession.by.has(columns.kinds[i]! & 0xff)) continue
      this.#isOpen[i] = 1
      this.count++
    }
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, this.count * 2)))
    this.#mask = size - 1
    this.#table = new Int32Array(size).fill(-1)
    for (let i = 0; i < columns.count; i++) if (this.#isOpen[i] === 1) this.#insert(i)
  }

  #insert(record: number): void {
    let slot = this.#columns.words[record * 3 + 1]! & this.#mask
    while (this.#table[slot] !== -1) slot = (slot + 1) & this.#mask
    this.#table[slot] = record
  }

  /** Closes those that these records supersede; within the segment itself, only those before them. */
  close(columns: RestartColumns): void {
    const isOwn = columns === this.#columns
    const { words, kinds, count } = columns
    const { by, all } = this.#supersession
    for (let i = 0; i < count && this.count > 0; i++) {
      const kind = kinds[i]! & 0xff
      if (all.includes(kind)) this.#closeAll(isOwn ? i : Infinity)
      let slot = words[i * 3 + 1]! & this.#mask
      for (let record = this.#table[slot]!; record !== -1; record = this.#table[slot]!) {
        const isSame = this.#hasHash(record, words[i * 3]!, words[i * 3 + 1]!) && (!isOwn || record < i)
        if (isSame && by.get(this.#columns.kinds[record]! & 0xff)!.includes(kind)) this.#close(record)
        slot = (slot + 1) & this.#mask
      }
    }
  }

  #hasHash(record: number, hi: number, lo: number): boolean {
    const { words } = this.#columns
    return words[record * 3] === hi && words[record * 3 + 1] === lo
  }

  #closeAll(end: number): void {
    for (let record = 0; record < Math.min(end, this.#columns.count); record++) this.#close(record)
  }

  #close(record: number): void {
    this.count -= this.#isOpen[record]!
    this.#isOpen[record] = 0
  }

  /** What is still open stays. */
  keep(keep: Uint8Array): void {
    for (let i = 0; i < keep.length; i++) keep[i]! |= this.#isOpen[i]!
  }
}

/** Where the records of later segments are found. */
export interface LaterSources {
  readonly disk: Disk
  readonly hasher: KeyHasher
  readonly seed: number
  readonly pace: Pace
}

/**
 * Keeps of what is dead in a segment whatever nothing before the window has superseded. Reads of the segments between the side
 * files, until all is known.
 * @param columns of the segment; `keep` 0 for what is dead in it
 * @throws FlinError LOG_CORRUPT when a later segment is damaged, and its side file, too
 */
export async function keepHistory(
  columns: RestartColumns,
  keep: Uint8Array,
  later: readonly Source[],
  supersession: Supersession,
  sources: LaterSources,
): Promise<void> {
  const superseded = new Superseded(columns, keep, supersession)
  superseded.close(columns)
  for (const source of later) {
    if (superseded.count === 0) break
    superseded.close(await columnsOf(source, sources))
  }
  superseded.keep(keep)
}

async function columnsOf(source: Source, { disk, hasher, seed, pace }: LaterSources): Promise<RestartColumns> {
  await pace.moved(0)
  if (source.memory !== null) return (await scanSegment(source, source.memory, seed, hasher, pace)).columns
  try {
    const bytes = await readWhole(disk, source.name.replace(/seg$/, 'side'))
    await pace.moved(bytes.length)
    const side = decodeSideFile(bytes, seed)
    if (side.baseOffset === source.baseOffset && side.segmentSize === source.size) return side.columns
  } catch (error) {
    const isMissing = isNodeError(error) && error.code === 'ENOENT'
    if (!isMissing && !(error instanceof FlinError && error.code !== 'LOG_CLOSED')) throw error
  }
  // A side file is disposable: the segment says the same.
  await pace.moved(source.size)
  const bytes = await readWhole(disk, source.name)
  const whole = allocate(source.size)
  bytes.copy(whole, 0, 0, source.size)
  whole.fill(0, Math.min(bytes.length, source.size), source.size)
  return (await scanSegment(source, whole.subarray(0, source.size), seed, hasher, pace)).columns
}
