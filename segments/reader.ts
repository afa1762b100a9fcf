import { HEADER, readU64 } from './format.js'
import { bodyIsIntact, readHeader } from './batch.js'
import { readFully } from './disk.js'
import { distrust } from './distrust.js'
import { diskFailure, FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { RecordView, readU32 } from './record.js'
import type { Segment } from './segment.js'
import { StretchCache } from './stretch-cache.js'

/** Header, fields and a short key of a record may lie in two lines of the cache. */
const TOUCH_STEP = 40

/** Cold reads that may be under way; the pool of threads has four, and a commit needs one. */
const READS_MAX = 2

/**
 * Finds records by their place: in a resident segment, in the cache of cold stretches, or, asynchronously, on disk. A
 * stretch is what lies between two entries of the sparse index: whole batches, verified whole before anything is served.
 */
export class Reader {
  readonly #state: LogState
  readonly #cache: StretchCache
  readonly #loading = new Map<number, Promise<Stretch>>()
  readonly #waiting: (() => void)[] = []
  #reads = 0
  /** Records loaded for the command that now runs; null when it waited for none. */
  loaded: LoadedRecords | null = null
  /** Where the record asked for last lies. */
  bytes: Buffer = Buffer.alloc(0)
  start = 0

  constructor(state: LogState) {
    this.#state = state
    this.#cache = new StretchCache(() => Math.max(0, state.options.cacheSize - state.residentSize))
  }

  get cachedSize(): number {
    return this.#cache.size
  }

  /** The rest of the cache has grown: gives up what is beyond the budget. */
  trim(): void {
    this.#cache.trim()
  }

  /** Points {@link bytes} and {@link start} at a record that is in memory; false when it has to be loaded. */
  seek(segmentNumber: number, position: number): boolean {
    const segment = this.#state.segments.byNumber[segmentNumber]!
    if (segment.memory !== null) {
      this.bytes = segment.memory
      this.start = position
      return true
    }
    return this.#seekCold(segment, position)
  }

  /**
   * Reads the first bytes of several records that are in memory, so that they are in the caches when they are wanted one by
   * one. Segment -1: none. What it returns means nothing.
   */
  touch(segments: Int32Array, positions: Uint32Array, count: number): number {
    const { byNumber } = this.#state.segments
    let sum = 0
    for (let i = 0; i < count; i++) {
      const number = segments[i]!
      const memory = number < 0 ? null : (byNumber[number]?.memory ?? null)
      if (memory !== null) sum += memory[positions[i]!]! + memory[positions[i]! + TOUCH_STEP]!
    }
    return sum
  }

  #seekCold(segment: Segment, position: number): boolean {
    const record = this.loaded?.get(placeKey(segment.number, position))
    if (record !== undefined) {
      this.bytes = record.bytes
      this.start = 0
      return true
    }
    const entry = segment.sparse.entryOf(position)
    const stretch = this.#cache.get(stretchKey(segment.number, entry))
    if (stretch === undefined) return false
    this.bytes = stretch
    this.start = position - segment.sparse.positions[entry]!
    return true
  }

  /**
   * Loads the records at these places and adds copies of them to `records`, which one command will look into.
   * @throws FlinError LOG_CORRUPT naming the offsets when what lies on disk is not what was written, which the next start then
   *   finds before anything else; DISK_FAILED when it
   *   cannot be read; when the log is closed, LOG_CLOSED, or LOG_POISONED if that is why.
   */
  async load(places: Iterable<Place>, records: LoadedRecords = new Map()): Promise<LoadedRecords> {
    if (this.#state.closed) throw this.#state.poison ?? new FlinError('LOG_CLOSED', 'the log is closed')
    const jobs: Promise<void>[] = []
    for (const place of places) jobs.push(this.#loadRecord(place, records))
    await Promise.all(jobs)
    return records
  }

  async #loadRecord({ segmentNumber, position }: Place, records: LoadedRecords): Promise<void> {
    const segment = this.#state.segments.byNumber[segmentNumber]
    if (segment === undefined) return // compacted away meanwhile: the command finds the new place when it runs again
    const stretch = await this.stretch(segment, segment.sparse.entryOf(position))
    const view = new RecordView().at(stretch.bytes, position - stretch.position)
    const location = locateIn(stretch.bytes, position - stretch.position)
    const bytes = Buffer.from(stretch.bytes.subarray(view.start, view.valueEnd))
    records.set(placeKey(segmentNumber, position), { bytes, ...location })
  }

  /** A verified stretch, from memory or from disk; for walks along the log. */
  async stretch(segment: Segment, entry: number): Promise<Stretch> {
    const position = segment.sparse.positions[entry]!
    if (segment.memory !== null) {
      return { position, bytes: segment.memory.subarray(position, this.#stretchEnd(segment, entry)) }
    }
    return this.#stretch(segment, entry)
  }

  #stretchEnd(segment: Segment, entry: number): number {
    return entry + 1 < segment.sparse.count ? segment.sparse.positions[entry + 1]! : segment.size
  }

  #stretch(segment: Segment, entry: number): Promise<Stretch> {
    const key = stretchKey(segment.number, entry)
    const cached = this.#cache.get(key)
    if (cached !== undefined) return Promise.resolve({ position: segment.sparse.positions[entry]!, bytes: cached })
    let job = this.#loading.get(key)
    if (job === undefined) {
      job = this.#readStretch(segment, entry).finally(() => this.#loading.delete(key))
      this.#loading.set(key, job)
    }
    return job
  }

  async #readStretch(segment: Segment, entry: number): Promise<Stretch> {
    segment.hold()
    if (this.#reads < READS_MAX) this.#reads++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      const file = await segment.openForReading(this.#state.disk)
      const position = segment.sparse.positions[entry]!
      const size = this.#stretchEnd(segment, entry) - position
      const bytes = Buffer.allocUnsafeSlow(size)
      bytes.fill(0, await readFully(file, bytes, 0, size, position))
      this.#verify(segment, bytes, entry)
      this.#cache.put(stretchKey(segment.number, entry), bytes)
      return { position, bytes }
    } catch (error) {
      if (error instanceof FlinError && error.code === 'LOG_CORRUPT') await distrust(this.#state, segment)
      throw diskFailure(error, `reading segment ${segment.name}`)
    } finally {
      segment.release()
      // Who waits takes the place over: nobody may come between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#reads--
      else next()
    }
  }

  #verify(segment: Segment, bytes: Buffer, entry: number): void {
    for (let at = 0; at < bytes.length;) {
      const header = readHeader(bytes, at, bytes.length, this.#state.seed)
      if (header === null || !bodyIsIntact(bytes, at, bytes.length, header, this.#state.seed)) {
        const from = segment.sparse.offsets[entry]!
        const to = entry + 1 < segment.sparse.count ? segment.sparse.offsets[entry + 1]! : segment.endOffset
        const position = segment.sparse.positions[entry]! + at
        throw new FlinError(
          'LOG_CORRUPT',
          `segment ${segment.name} is damaged at position ${position}, within offsets ${from} to ${to - 1}`,
        )
      }
      at += header.size
    }
  }

  /** Offset and commit time of a closed record that {@link seek} finds; null when it has to be loaded. */
  locate(segmentNumber: number, position: number): Location | null {
    const loaded = this.loaded?.get(placeKey(segmentNumber, position))
    if (loaded !== undefined) return loaded
    const segment = this.#state.segments.get(segmentNumber)
    const entry = segment.sparse.entryOf(position)
    const from = segment.sparse.positions[entry]!
    const bytes = segment.memory?.subarray(from, segment.size) ?? this.#cache.get(stretchKey(segmentNumber, entry))
    return bytes === undefined ? null : locateIn(bytes, position - from)
  }

  /** Forgets what is cached of a segment that is going. */
  forget(segment: Segment): void {
    for (let entry = 0; entry < segment.sparse.count; entry++) this.#cache.delete(stretchKey(segment.number, entry))
  }
}

export interface Place {
  readonly segmentNumber: number
  readonly position: number
}

export interface Stretch {
  readonly position: number
  readonly bytes: Buffer
}

export interface Location {
  readonly offset: number
  /** When its batch was begun, in ms since 1970. */
  readonly timestampMs: number
}

export type LoadedRecords = Map<number, Location & { readonly bytes: Buffer }>

/** A place as one number: 20 bits of segment, 32 of position. */
export function placeKey(segmentNumber: number, position: number): number {
  return segmentNumber * 0x1_0000_0000 + position
}

function stretchKey(segmentNumber: number, entry: number): number {
  return segmentNumber * 0x1_0000_0000 + entry
}

/** Finds the batch around a record in verified bytes that start with a batch. */
function locateIn(bytes: Buffer, recordStart: number): Location {
  let at = 0
  for (;;) {
    const next = at + readU32(bytes, at + HEADER.size)
    if (recordStart < next) break
    // Whoever asks for a place that is not in these bytes must not wait for ever.
    if (next === at) throw new RangeError(`no batch of ${bytes.length} bytes holds position ${recordStart}`)
    at = next
  }
  return {
    offset: readU64(bytes, at + HEADER.baseOffset) + readU32(bytes, recordStart + 4),
    timestampMs: readU64(bytes, at + HEADER.timestamp),
  }
}
