import type { Random } from './random.js'

export const SECTOR_SIZE = 512

const NOTHING: Buffer = Buffer.alloc(0)

/** How much of what was not synced outlives a power cut. */
export type Survival = 'all' | 'none' | 'prefix' | 'random'

/** What a sector held after one of the writes that have not been synced. */
interface SectorVersion {
  readonly seq: number
  readonly bytes: Buffer
}

/**
 * The contents of one file, twice: as the kernel shows them, and as they stand on the platter; between the two, every
 * version of every sector that a write has made since the last sync.
 */
export class SimFile {
  #view = NOTHING
  #viewSize = 0
  #stable = NOTHING
  #stableSize = 0
  /** Both buffers are those of others, too: most files are read only, and whoever writes copies them first. */
  #isShared = true
  readonly #dirty = new Map<number, SectorVersion[]>()
  #sizes: { seq: number; size: number }[] = []

  /** A file that is durable as it is. The bytes must not change from now on. */
  static of(bytes: Buffer): SimFile {
    const file = new SimFile()
    file.#view = bytes
    file.#viewSize = bytes.length
    file.#stable = bytes
    file.#stableSize = bytes.length
    return file
  }

  /** The same file, unsynced versions and all, for another kernel's life. */
  clone(): SimFile {
    const file = new SimFile()
    this.#isShared = true
    file.#view = this.#view
    file.#viewSize = this.#viewSize
    file.#stable = this.#stable
    file.#stableSize = this.#stableSize
    for (const [sector, versions] of this.#dirty) file.#dirty.set(sector, [...versions])
    file.#sizes = [...this.#sizes]
    return file
  }

  #own(): void {
    if (!this.#isShared) return
    this.#isShared = false
    this.#view = copied(this.#view)
    this.#stable = copied(this.#stable)
  }

  get size(): number {
    return this.#viewSize
  }

  /** What the kernel shows. */
  contents(): Buffer {
    return Buffer.from(this.#view.subarray(0, this.#viewSize))
  }

  read(target: Buffer, start: number, size: number, position: number): number {
    const stop = Math.min(position + size, this.#viewSize)
    return position >= stop ? 0 : this.#view.copy(target, start, position, stop)
  }

  /** Writes to the kernel's view only. */
  write(bytes: Buffer, position: number, seq: number): void {
    if (bytes.length === 0) return
    this.#own()
    const end = position + bytes.length
    this.#view = grown(this.#view, end)
    bytes.copy(this.#view, position)
    this.#noteVersions(position, end, seq)
    if (end > this.#viewSize) this.#resize(end, seq)
  }

  truncate(size: number, seq: number): void {
    this.#own()
    const old = this.#viewSize
    if (size < old) {
      this.#view.fill(0, size, old)
      this.#noteVersions(size, old, seq)
    } else this.#view = grown(this.#view, size)
    this.#resize(size, seq)
  }

  #resize(size: number, seq: number): void {
    this.#viewSize = size
    this.#sizes.push({ seq, size })
  }

  #noteVersions(start: number, end: number, seq: number): void {
    for (let sector = Math.floor(start / SECTOR_SIZE); sector * SECTOR_SIZE < end; sector++) {
      const bytes = Buffer.from(this.#view.subarray(sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE))
      const versions = this.#dirty.get(sector)
      if (versions === undefined) this.#dirty.set(sector, [{ seq, bytes }])
      else versions.push({ seq, bytes })
    }
  }

  /** Makes what was written up to `seq` durable: the whole file, or only the sectors of [start, end) and the size. */
  settle(seq: number, start = 0, end = Infinity): void {
    this.#drain(seq, start, end, () => true)
  }

  /**
   * What a failed sync leaves: each sector may have come to the platter or not, and the kernel counts all of them as clean,
   * so that no later sync writes them.
   */
  lose(seq: number, rng: Random, start = 0, end = Infinity): void {
    this.#drain(seq, start, end, () => rng.chance(0.5))
  }

  #drain(seq: number, start: number, end: number, isKept: () => boolean): void {
    if (this.#dirty.size > 0) this.#own()
    for (const [sector, versions] of this.#dirty) {
      if ((sector + 1) * SECTOR_SIZE <= start || sector * SECTOR_SIZE >= end) continue
      const newest = versions.findLast((version) => version.seq <= seq)
      if (newest === undefined) continue
      if (isKept()) this.#stable = patched(this.#stable, sector, newest.bytes)
      const rest = versions.filter((version) => version.seq > seq)
      if (rest.length === 0) this.#dirty.delete(sector)
      else this.#dirty.set(sector, rest)
    }
    const size = this.#sizes.findLast((change) => change.seq <= seq)
    if (size === undefined) return
    if (isKept()) this.#stableSize = size.size
    this.#sizes = this.#sizes.filter((change) => change.seq > seq)
  }

  /** Puts a stretch of the view back to what it was: a write that the process did not live to finish. */
  revert(before: Buffer, beforeSize: number, position: number, seq: number): void {
    if (before.length === 0) return
    this.#own()
    before.copy(this.#view, position)
    this.#noteVersions(position, position + before.length, seq)
    if (beforeSize < this.#viewSize) this.#resize(Math.max(beforeSize, position), seq)
  }

  /** What a stretch of the view holds, zeroes where there is nothing. */
  peek(position: number, size: number): Buffer {
    const bytes = Buffer.alloc(size)
    if (position < this.#view.length) this.#view.copy(bytes, 0, position, position + size)
    return bytes
  }

  /** The file after a power cut. */
  survivor(rng: Random, survival: Survival): SimFile {
    let bytes = copied(this.#stable)
    const last = this.#lastKept(rng, survival)
    for (const [sector, versions] of this.#dirty) {
      const choice = choose(versions, stableSector(this.#stable, sector), rng, survival, last)
      if (choice !== null) bytes = patched(bytes, sector, choice)
    }
    const size = this.#survivingSize(rng, survival, last)
    if (size <= bytes.length) return SimFile.of(bytes.subarray(0, size))
    const whole = Buffer.alloc(size)
    bytes.copy(whole)
    return SimFile.of(whole)
  }

  /** Under `prefix`, writes came to the platter in order, up to this one. */
  #lastKept(rng: Random, survival: Survival): number {
    if (survival !== 'prefix') return survival === 'all' ? Infinity : -1
    const seqs = new Set(this.#sizes.map((change) => change.seq))
    for (const versions of this.#dirty.values()) for (const { seq } of versions) seqs.add(seq)
    return seqs.size === 0 ? -1 : rng.pick([...seqs])
  }

  #survivingSize(rng: Random, survival: Survival, last: number): number {
    if (survival === 'random') return rng.pick([this.#stableSize, ...this.#sizes.map((change) => change.size)])
    return this.#sizes.findLast((change) => change.seq <= last)?.size ?? this.#stableSize
  }
}

function choose(
  versions: readonly SectorVersion[],
  stable: Buffer,
  rng: Random,
  survival: Survival,
  last: number,
): Buffer | null {
  if (survival !== 'random') return versions.findLast((version) => version.seq <= last)?.bytes ?? null
  const chosen = rng.below(versions.length + 1)
  const bytes = chosen === 0 ? stable : versions[chosen - 1]!.bytes
  if (!rng.chance(0.1)) return bytes
  // Torn within: the head of one version, the tail of another.
  const torn = Buffer.from(bytes)
  const other = chosen === 0 ? versions[0]!.bytes : stable
  const at = rng.below(SECTOR_SIZE)
  other.copy(torn, 0, 0, at)
  return torn
}

function stableSector(stable: Buffer, sector: number): Buffer {
  const bytes = Buffer.alloc(SECTOR_SIZE)
  const start = sector * SECTOR_SIZE
  if (start < stable.length) stable.copy(bytes, 0, start, start + SECTOR_SIZE)
  return bytes
}

/** A copy of whole sectors, zeroes behind what there is. */
function copied(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(roundUp(bytes.length))
  bytes.copy(copy)
  return copy.fill(0, bytes.length)
}

function patched(bytes: Buffer, sector: number, content: Buffer): Buffer {
  const whole = grown(bytes, (sector + 1) * SECTOR_SIZE)
  content.copy(whole, sector * SECTOR_SIZE)
  return whole
}

function grown(bytes: Buffer, size: number): Buffer {
  if (size <= bytes.length) return bytes
  const larger = Buffer.alloc(Math.max(roundUp(size), bytes.length * 2))
  bytes.copy(larger)
  return larger
}

function roundUp(size: number): number {
  return Math.ceil(size / SECTOR_SIZE) * SECTOR_SIZE
}
