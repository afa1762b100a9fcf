/** What a folder takes on disk, and what for. */
import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'

const LOOK_MS = 50
/** Of these stat(2) counts, whatever the file system. */
const BLOCK_SIZE = 512

/** Bytes that the files of a log's folder take on disk, as du(1) counts, by what they are. */
export interface DiskParts {
  /** Of segments that the manifest names as sealed. */
  readonly sealed: number
  /** Of the active one: whole, however little of it is filled. */
  readonly active: number
  /** Of the one that is made ready behind it. */
  readonly spare: number
  /** Of side files. */
  readonly side: number
  /** Of segments that the manifest does not name: being written by compaction, or not yet deleted after it. */
  readonly passing: number
  /** Everything else. */
  readonly other: number
}

const NONE: DiskParts = { sealed: 0, active: 0, spare: 0, side: 0, passing: 0, other: 0 }

/** Looks at the files of a folder. They come and go meanwhile: what is named and gone counts nothing. */
export function diskParts(folder: string): DiskParts {
  const named = namedIn(folder)
  const parts: Record<keyof DiskParts, number> = { ...NONE }
  for (const name of readdirSync(folder)) {
    const size = statOf(join(folder, name)).blocks * BLOCK_SIZE
    parts[partOf(name, named)] += size
  }
  return parts
}

function partOf(name: string, named: ReadonlyMap<string, 'sealed' | 'active'>): keyof DiskParts {
  if (name.endsWith('.seg')) return named.get(name) ?? 'passing'
  if (name === 'spare.tmp') return 'spare'
  return name.includes('.side') ? 'side' : 'other'
}

/** What the manifest says of its segments, see segments/FORMAT.md; nothing of a folder without one. */
function namedIn(folder: string): ReadonlyMap<string, 'sealed' | 'active'> {
  let text: string
  try {
    text = readFileSync(join(folder, 'MANIFEST'), 'utf8')
  } catch {
    return new Map()
  }
  const { segments } = JSON.parse(text.slice(text.indexOf('\n'))) as {
    segments: { baseOffset: number; generation: number; sealed: unknown }[]
  }
  return new Map(
    segments.map(({ baseOffset, generation, sealed }) => [
      `${String(baseOffset).padStart(20, '0')}-${String(generation).padStart(4, '0')}.seg`,
      sealed === null ? 'active' : 'sealed',
    ]),
  )
}

/** Files come and go while they are counted. */
function statOf(file: string): Pick<Stats, 'blocks'> {
  return statSync(file, { throwIfNoEntry: false }) ?? { blocks: 0 }
}

export function sizeOf({ sealed, active, spare, side, passing, other }: DiskParts): number {
  return sealed + active + spare + side + passing + other
}

/** Bytes that the files of a folder take on disk, as du(1) counts. */
export function diskSize(folder: string): number {
  return sizeOf(diskParts(folder))
}

/** Looks at a folder again and again, and keeps what it took at its largest. */
export class Watch {
  readonly #folder: string
  readonly #timer: NodeJS.Timeout
  #peak: DiskParts = NONE
  #isPaused = false

  /** @param onLook told of every look */
  constructor(folder: string, onLook: (parts: DiskParts) => void = () => undefined) {
    this.#folder = folder
    this.#timer = setInterval(() => {
      if (this.#isPaused) return
      const parts = diskParts(this.#folder)
      if (sizeOf(parts) > sizeOf(this.#peak)) this.#peak = parts
      onLook(parts)
    }, LOOK_MS)
  }

  pause(): void {
    this.#isPaused = true
  }

  goOn(): void {
    this.#isPaused = false
  }

  /** Looks no more; the largest that was seen so far, by its parts. */
  stop(): DiskParts {
    clearInterval(this.#timer)
    return this.#peak
  }
}
