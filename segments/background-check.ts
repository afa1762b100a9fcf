import { allocate } from './segment-memory.js'
import { StreamingDigest } from './digest.js'
import { type DiskFile, readFully } from './disk.js'
import { distrust } from './distrust.js'
import { FlinError } from './errors.js'
import type { LogState } from './log-state.js'
import { corrupt } from './recovery.js'
import type { Segment } from './segment.js'
import { type Damage, walkSegment } from './walk.js'

const SLICE_SIZE = 1 << 20
/** A slice at most every so many ms: 100 MiB a second, which leaves the disk to those who wait for it. */
const SLICE_MS = 10

/**
 * Reads the sealed segments that a start took on the word of their side files, and compares them with the digests there,
 * while the log already serves. Whatever a command reads is verified before it is served in any case.
 */
export class BackgroundCheck {
  readonly #state: LogState
  readonly #onDamage: (error: FlinError) => void
  readonly #slice = Buffer.allocUnsafeSlow(SLICE_SIZE)
  /** Damages that it has found. */
  damageCount = 0
  #isStopped = false
  #wake: () => void = () => undefined
  #running: Promise<void> = Promise.resolve()

  /** @param onDamage Told of each damaged segment, with an error that names the offsets. */
  constructor(state: LogState, onDamage: (error: FlinError) => void) {
    this.#state = state
    this.#onDamage = onDamage
  }

  /** Checks the segments that are sealed now, oldest first. Returns how many. */
  start(): number {
    const segments = this.#state.segments.inOrder.filter((segment) => segment.sealed && segment.digest !== null)
    this.#running = this.#checkAll(segments)
    return segments.length
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#wake()
    await this.#running
  }

  async #checkAll(segments: Segment[]): Promise<void> {
    let damagedCount = 0
    for (const segment of segments) {
      if (this.#isStopped) return
      // Compaction may have taken it away meanwhile.
      if (this.#state.segments.byNumber[segment.number] !== segment) continue
      segment.hold()
      try {
        await this.#check(segment)
      } catch (error) {
        damagedCount++
        this.#onDamage(
          error instanceof FlinError
            ? error
            : new FlinError('DISK_FAILED', `the segment ${segment.name} cannot be read`, { cause: error }),
        )
      } finally {
        segment.release()
      }
    }
    if (this.#isStopped || segments.length === 0) return
    this.#state.options.onEvent({ type: 'checked', segmentCount: segments.length, damagedCount })
  }

  async #check(segment: Segment): Promise<void> {
    const file = await this.#state.disk.open(segment.name, {})
    try {
      const digest = new StreamingDigest()
      for (let at = 0; at < segment.size && !this.#isStopped; at += SLICE_SIZE) {
        const size = Math.min(SLICE_SIZE, segment.size - at)
        const got = await readFully(file, this.#slice, 0, size, at)
        // What a file does not have counts as zeroes, as everywhere.
        digest.update(this.#slice.fill(0, got, size).subarray(0, size))
        await this.#pause()
      }
      if (this.#isStopped) return
      if (digest.hex() === segment.digest) this.#state.options.onEvent({ type: 'verified', segment: segment.name })
      else await this.#nameDamage(segment, file)
    } finally {
      await file.close()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, SLICE_MS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /**
   * Tells of all damage, and sees to it that the next start finds it at once.
   * @throws FlinError LOG_CORRUPT for the first damage that the batches' own checksums show
   */
  async #nameDamage(segment: Segment, file: DiskFile): Promise<void> {
    const { seed, options } = this.#state
    const bytes = allocate(segment.size)
    bytes.fill(0, await readFully(file, bytes, 0, segment.size, 0))
    let first: FlinError | null = null
    for (const damage of damagesOf(segment, bytes, seed)) {
      const { position, size, firstOffset, endOffset } = damage
      options.onEvent({ type: 'damage', segment: segment.name, position, size, firstOffset, endOffset })
      first ??= corrupt(segment.name, damage)
      this.damageCount++
    }
    if (first === null) {
      this.damageCount++
      throw new FlinError('LOG_CORRUPT', `segment ${segment.name} is not what its side file's digest says`)
    }
    await distrust(this.#state, segment)
    throw first
  }
}

/** What a sealed segment has lost; its end may be gone without a trace. */
function* damagesOf({ baseOffset, size, endOffset }: Segment, bytes: Buffer, seed: number): Generator<Damage> {
  let position = 0
  let firstOffset = baseOffset
  for (const step of walkSegment(bytes, 0, size, seed, baseOffset)) {
    if (step.type === 'batch') {
      position = step.position + step.header.size
      firstOffset = step.header.lastOffset + 1
    } else if (step.damage.endOffset === null) break
    else yield step.damage
  }
  if (position < size) yield { position, size: size - position, firstOffset, endOffset, vouched: true }
}
