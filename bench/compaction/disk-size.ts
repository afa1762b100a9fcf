/** What a folder takes on disk, now and at its largest. */
import { readdirSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'

const LOOK_MS = 50
/** Of these stat(2) counts, whatever the file system. */
const BLOCK_SIZE = 512

/** Bytes that the files of a folder take on disk, as du(1) counts. */
export function diskSize(folder: string): number {
  let size = 0
  for (const name of readdirSync(folder)) size += statOf(join(folder, name)).blocks * BLOCK_SIZE
  return size
}

/** Files come and go while they are counted. */
function statOf(file: string): Pick<Stats, 'blocks'> {
  return statSync(file, { throwIfNoEntry: false }) ?? { blocks: 0 }
}

/** Looks at a folder again and again, and keeps the largest size. */
export class Watch {
  readonly #folder: string
  readonly #timer: NodeJS.Timeout
  #peak = 0
  #isPaused = false

  constructor(folder: string) {
    this.#folder = folder
    this.#timer = setInterval(() => {
      if (!this.#isPaused) this.#peak = Math.max(this.#peak, diskSize(this.#folder))
    }, LOOK_MS)
  }

  pause(): void {
    this.#isPaused = true
  }

  goOn(): void {
    this.#isPaused = false
  }

  /** Looks no more; the largest size so far. */
  stop(): number {
    clearInterval(this.#timer)
    return this.#peak
  }
}
