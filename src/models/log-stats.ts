import {
  KeyHasher,
  RECORD_FLAG,
  tallySegments,
  walkRecords,
  type Disk,
  type RecordView,
  type SegmentTally,
} from '../../segments/index.js'
import type { Keyspace } from './keyspace.js'
import { KIND } from './kinds.js'
import { HeavyHitters, type Weighed } from './heavy-hitters.js'

/** Records of one sort: how many, their bytes with padding, and how much of that the state is made of. */
export class Share {
  count = 0
  size = 0
  liveCount = 0
  liveSize = 0

  add(size: number, isLive: boolean): void {
    this.count++
    this.size += size
    if (!isLive) return
    this.liveCount++
    this.liveSize += size
  }
}

/** A key, or a part of it: of a long one the beginning only. */
export interface KeyText {
  /** Each byte as the character of its number. */
  readonly latin1: string
  /** Bytes that it has in truth. */
  readonly size: number
}

/** The heaviest of something, and how far they are to be trusted. */
export interface Top<T> {
  readonly list: readonly Weighed<T>[]
  /** How many there are; null when they are too many to be counted. */
  readonly count: number | null
  /** Weights are too small by this at most, and nothing heavier than this is missing. 0: all is exact. */
  readonly errorMax: number
}

export interface LogStats {
  readonly total: Share
  readonly tombstones: Share
  readonly byKind: ReadonlyMap<number, Share>
  /** By the code of what caused them. */
  readonly byCommand: ReadonlyMap<number, Share>
  /** By what stands in a key before the delimiter, which is part of it; keys without one are under the empty prefix. */
  readonly byPrefix: Top<KeyText & { readonly share: Share }>
  /** Keys by bytes, and by number, of all their records, those of items and entries and dead ones too. */
  readonly keysBySize: Top<KeyText>
  readonly keysByCount: Top<KeyText>
  readonly segments: readonly SegmentTally[]
}

export interface StatsOptions {
  readonly delimiter: Buffer
  /** Delimiters that a prefix reaches over, at most. */
  readonly depth: number
  /** How many keys and prefixes are named. */
  readonly top: number
  /** Keys, and prefixes, up to which they are counted exactly: what bounds the memory, to about 1000 bytes each. */
  readonly capacity: number
}

/** Bytes of a key that are kept, to be shown. */
const SHOWN_SIZE = 128

/**
 * What the log is made of: by kind, by command, by prefix and by key, live and dead. Reads everything.
 * @param disk that of the keyspace's log, on which nothing changes, such as a snapshot
 */
export async function logStats(
  disk: Disk,
  keyspace: Keyspace,
  options: StatsOptions,
  onSegment: (size: number) => void = () => undefined,
): Promise<LogStats> {
  const { log, liveness } = keyspace
  const total = new Share()
  const tombstones = new Share()
  const byKind = new Map<number, Share>()
  const byCommand = new Map<number, Share>()
  const keys = new KeyStats(options)
  await walkRecords(
    disk,
    log,
    (record, view) => {
      const { kind, size, hi, lo } = record
      const isLive = !view.isTombstone && liveness.isLive(record)
      total.add(size, isLive)
      if (view.isTombstone) tombstones.add(size, false)
      shareOf(byKind, kind).add(size, isLive)
      shareOf(byCommand, view.command).add(size, isLive)
      // A floor has no key: it is about all of them.
      if ((record.flags & RECORD_FLAG.member) !== 0) keys.addMember(view.objectId, size, isLive)
      else if (kind !== KIND.floor) keys.add(view, hi, lo, size, isLive)
    },
    ({ size }) => {
      onSegment(size)
    },
  )
  const segments = await tallySegments(disk, log, liveness)
  return { total, tombstones, byKind, byCommand, ...keys.result(), segments }
}

function shareOf(shares: Map<number, Share>, code: number): Share {
  let share = shares.get(code)
  if (share === undefined) shares.set(code, (share = new Share()))
  return share
}

/** Key of an object, and its prefix. */
interface Owner {
  readonly id: number
  readonly key: KeyText
  readonly prefixId: number
  readonly prefix: KeyText
}

class KeyStats {
  readonly #options: StatsOptions
  readonly #bySize: HeavyHitters<KeyText>
  readonly #byCount: HeavyHitters<KeyText>
  readonly #byPrefix: HeavyHitters<KeyText & { readonly share: Share }>
  readonly #hasher = new KeyHasher(1, 2)
  /** Keys of the objects whose records came last, by the objects' ids: what members count for. No more than keys that are counted. */
  readonly #owners = new Map<number, Owner>()

  constructor(options: StatsOptions) {
    this.#options = options
    this.#bySize = new HeavyHitters(options.capacity)
    this.#byCount = new HeavyHitters(options.capacity)
    this.#byPrefix = new HeavyHitters(options.capacity)
  }

  add(view: RecordView, hi: number, lo: number, size: number, isLive: boolean): void {
    const { bytes, keyStart, keyEnd } = view
    const id = idOf(hi, lo)
    if (this.#bySize.add(id, size) === undefined) this.#bySize.addNew(id, size, textOf(bytes, keyStart, keyEnd))
    if (this.#byCount.add(id, 1) === undefined) this.#byCount.addNew(id, 1, textOf(bytes, keyStart, keyEnd))
    const end = prefixEnd(bytes, keyStart, keyEnd, this.#options)
    const hasher = this.#hasher
    hasher.hash(bytes, keyStart, end)
    const prefixId = idOf(hasher.hi, hasher.lo)
    const share =
      this.#byPrefix.add(prefixId, size)?.share ?? this.#newPrefix(prefixId, size, textOf(bytes, keyStart, end))
    share.add(size, isLive)
    if ((view.kind !== KIND.list && view.kind !== KIND.stream) || view.isTombstone) return
    const key = textOf(bytes, keyStart, keyEnd)
    this.#own(view.datum, { id, key, prefixId, prefix: textOf(bytes, keyStart, end) })
  }

  /** Counts a record of what an object is made of for the object's key; for none where that has not come yet, after a RENAME. */
  addMember(objectId: number, size: number, isLive: boolean): void {
    const owner = this.#owners.get(objectId)
    if (owner === undefined) return
    this.#own(objectId, owner)
    const { id, key, prefixId, prefix } = owner
    if (this.#bySize.add(id, size) === undefined) this.#bySize.addNew(id, size, key)
    if (this.#byCount.add(id, 1) === undefined) this.#byCount.addNew(id, 1, key)
    const share = this.#byPrefix.add(prefixId, size)?.share ?? this.#newPrefix(prefixId, size, prefix)
    share.add(size, isLive)
  }

  /** The one that was used longest ago gives way: most likely a list that has been emptied. */
  #own(objectId: number, owner: Owner): void {
    const owners = this.#owners
    owners.delete(objectId)
    owners.set(objectId, owner)
    if (owners.size <= this.#options.capacity) return
    for (const oldest of owners.keys()) {
      owners.delete(oldest)
      return
    }
  }

  #newPrefix(id: number, size: number, text: KeyText): Share {
    const share = new Share()
    this.#byPrefix.addNew(id, size, { ...text, share })
    return share
  }

  result() {
    const { top } = this.#options
    return {
      byPrefix: topOf(this.#byPrefix, top),
      keysBySize: topOf(this.#bySize, top),
      keysByCount: topOf(this.#byCount, top),
    }
  }
}

/** 53 bits of a hash. Two keys that share them would be taken for one, which among so few is as good as impossible. */
function idOf(hi: number, lo: number): number {
  return (hi >>> 0) * 0x20_0000 + (lo >>> 11)
}

function textOf(bytes: Buffer, start: number, end: number): KeyText {
  return { latin1: bytes.toString('latin1', start, Math.min(end, start + SHOWN_SIZE)), size: end - start }
}

/** Where a key's prefix ends: behind its `depth`-th delimiter, or the last one that it has; at its start without any. */
function prefixEnd(bytes: Buffer, start: number, end: number, { delimiter, depth }: StatsOptions): number {
  let prefix = start
  let left = depth
  for (let at = start; left > 0 && at + delimiter.length <= end;) {
    if (isAt(bytes, at, delimiter)) {
      at += delimiter.length
      prefix = at
      left--
    } else at++
  }
  return prefix
}

function isAt(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

function topOf<T>(sketch: HeavyHitters<T>, count: number): Top<T> {
  const { errorMax } = sketch
  return { list: sketch.top(count), count: errorMax === 0 ? sketch.count : null, errorMax }
}
