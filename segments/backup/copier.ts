import { StreamingDigest } from '../digest.js'
import type { Disk, DiskFile } from '../disk.js'
import { FlinError } from '../errors.js'
import type { LogFolder } from '../log-folder.js'
import { type ManifestSegment, vouchedOffset } from '../manifest.js'
import { segmentName } from '../names.js'
import { corrupt } from '../recovery.js'
import { BatchStream } from './batch-stream.js'
import type { CopyPace } from './pace.js'
import { damageIn, judgeTail } from './tail.js'

/** What is read, checked and written at a time. */
const PIECE_SIZE = 1 << 20

/** What has been copied of a segment. */
export interface Copied {
  readonly size: number
  /** XXH64 of these bytes, 16 hex digits. */
  readonly digest: string
  /** Behind the last record. */
  readonly endOffset: number
  readonly lastEpoch: number
}

/**
 * Copies segments from one disk to another, a piece at a time, and looks at every checksum on the way. A copy is written
 * under a name that counts for nothing and synced; giving it its own is the caller's.
 */
export class Copier {
  readonly #target: Disk
  readonly #pace: CopyPace
  readonly #onCopied: (size: number) => void
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_SIZE)

  /** @param onCopied told of every piece */
  constructor(target: Disk, pace: CopyPace, onCopied: (size: number) => void) {
    this.#target = target
    this.#pace = pace
    this.#onCopied = onCopied
  }

  /**
   * Copies a sealed segment, all of it.
   * @throws FlinError LOG_CORRUPT that names the offsets when a batch is not intact
   */
  async copySealed(folder: LogFolder, entry: ManifestSegment, file: DiskFile, to: string): Promise<Copied> {
    const { size, endOffset } = entry.sealed!
    const stream = new BatchStream(folder.seed, entry.baseOffset)
    const digest = new StreamingDigest()
    await this.#writeAside(to, async (out) => {
      for await (const { bytes, position } of this.#pieces(file, size)) {
        if (!stream.push(bytes)) break
        digest.update(bytes)
        await out.write(bytes, 0, bytes.length, position)
        this.#onCopied(bytes.length)
      }
      const isWhole = stream.intactSize === size && stream.endOffset <= endOffset
      if (!isWhole) throw await damageIn(folder, entry, file)
    })
    return { size, digest: digest.hex(), endOffset, lastEpoch: stream.lastEpoch }
  }

  /**
   * Copies the active segment up to the last batch that is there whole. What the owner is writing just now is no damage.
   * @throws FlinError LOG_CORRUPT when something is damaged that had been durable
   */
  async copyTail(folder: LogFolder, entry: ManifestSegment, file: DiskFile, to: string): Promise<Copied> {
    const stream = new BatchStream(folder.seed, entry.baseOffset)
    let digest = ''
    await this.#writeAside(to, async (out) => {
      for await (const { bytes, position } of this.#pieces(file, Infinity)) {
        const isIntact = stream.push(bytes)
        await out.write(bytes, 0, bytes.length, position)
        this.#onCopied(bytes.length)
        if (!isIntact) break
      }
      const { intactSize: size, endOffset, lastEpoch } = stream
      await judgeTail(folder, entry, file, { size, endOffset, lastEpoch })
      await out.truncate(size)
      digest = await this.digestOf(out, size)
    })
    const { intactSize: size, endOffset, lastEpoch } = stream
    const vouched = vouchedOffset(folder.manifest)
    if (endOffset < vouched) {
      const damage = { position: size, size: 0, firstOffset: endOffset, endOffset: vouched, vouched: true }
      throw corrupt(segmentName(entry.baseOffset, entry.generation), damage)
    }
    return { size, digest, endOffset, lastEpoch }
  }

  /** XXH64 of the first bytes of a file; of fewer when it is shorter. */
  async digestOf(file: DiskFile, size: number): Promise<string> {
    const digest = new StreamingDigest()
    for await (const { bytes } of this.#pieces(file, size)) digest.update(bytes)
    return digest.hex()
  }

  /** A file's bytes up to `size`, or to its end. Each piece is overwritten by the next. */
  async *#pieces(file: DiskFile, size: number): AsyncGenerator<{ bytes: Buffer; position: number }, void, undefined> {
    for (let position = 0; position < size;) {
      const got = await file.read(this.#piece, 0, Math.min(PIECE_SIZE, size - position), position)
      if (got === 0) return
      yield { bytes: this.#piece.subarray(0, got), position }
      position += got
      await this.#pace.moved(got)
    }
  }

  /** Writes a file and syncs it; removes it when that fails. */
  async #writeAside(to: string, job: (out: DiskFile) => Promise<void>): Promise<void> {
    const out = await this.#target.open(to, { write: true, create: true })
    try {
      await out.truncate(0)
      await job(out)
      await out.sync()
    } catch (error) {
      await out.close().catch(() => undefined)
      await this.#target.remove(to).catch(() => undefined)
      throw error
    }
    await out.close()
  }
}

/** A segment whose batches are all intact and whose digest is not the one it should have. */
export function otherThan(entry: ManifestSegment, digest: string, expected: string): FlinError {
  const name = segmentName(entry.baseOffset, entry.generation)
  return new FlinError(
    'LOG_CORRUPT',
    `segment ${name} has the digest ${digest}, and should have ${expected}: it is not what was written. See \`flin log verify\``,
  )
}
