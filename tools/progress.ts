/** One line on a terminal that is written over again and again; nothing where standard error is something else. */
export class Progress {
  readonly #began = performance.now()
  readonly #isShown = process.stderr.isTTY

  /** @param what is under way; sizes in bytes */
  show(what: string, doneSize: number, totalSize: number): void {
    if (!this.#isShown) return
    const percent = totalSize === 0 ? 100 : Math.min(100, Math.floor((doneSize / totalSize) * 100))
    const rate = doneSize / 1e6 / ((performance.now() - this.#began) / 1000)
    process.stderr.write(`\r\x1b[K${percent}%  ${what}  ${Math.round(rate)} MB/s`)
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K')
  }
}
