import type { Rewritten } from './rewrite.js'

/** What compaction has done since the log was opened. Sizes in bytes. */
export class CompactionCounts {
  runs = 0
  segmentsRewritten = 0
  /** Segments of which nothing was left, so that nothing was copied. */
  segmentsDropped = 0
  sizeRead = 0
  sizeWritten = 0
  recordsDropped = 0
  recordsMoved = 0
  /** Why the last one failed; null when it did not. */
  lastError: string | null = null

  /** @param sizeRead bytes that were read from files for it */
  rewrote(segments: number, sizeRead: number, { size, recordsDropped, columns }: Rewritten): void {
    this.runs++
    if (size === 0) this.segmentsDropped += segments
    else this.segmentsRewritten += segments
    this.sizeRead += sizeRead
    this.sizeWritten += size
    this.recordsDropped += recordsDropped
    this.recordsMoved += columns.count
    this.lastError = null
  }

  /** Segments of which nothing was alive have gone unread. */
  dropped(segments: number, records: number): void {
    this.runs++
    this.segmentsDropped += segments
    this.recordsDropped += records
    this.lastError = null
  }

  /** A segment was read and is as it should be. */
  looked(size: number): void {
    this.runs++
    this.sizeRead += size
    this.lastError = null
  }

  failed(error: unknown): void {
    this.lastError = error instanceof Error ? error.message : String(error)
  }
}
