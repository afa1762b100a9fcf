/** How far something is that goes along the segments of a log. */
export interface SegmentProgress {
  readonly segment: string
  readonly doneSize: number
  readonly totalSize: number
}

/** Shows progress where somebody sees it; null elsewhere. */
export function progressOnTerminal(): Progress | null {
  return process.stderr.isTTY ? new Progress() : null
}

/** One line on a terminal that is written over again and again. */
export class Progress {
  readonly #began = performance.now()

  show({ segment, doneSize, totalSize }: SegmentProgress): void {
    const percent = totalSize === 0 ? 100 : Math.floor((doneSize / totalSize) * 100)
    const rate = doneSize / 1e6 / ((performance.now() - this.#began) / 1000)
    process.stderr.write(`\r\x1b[K${percent}%  ${segment}  ${Math.round(rate)} MB/s`)
  }

  clear(): void {
    process.stderr.write('\r\x1b[K')
  }
}
