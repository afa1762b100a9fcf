/**
 * A notebook on the log engine: notes under titles, on disk before they are confirmed, found again after any crash.
 *
 *   node dist/segments/example/notebook.js FOLDER                 lists the notes
 *   node dist/segments/example/notebook.js FOLDER TITLE TEXT      writes one, or replaces it
 *   node dist/segments/example/notebook.js FOLDER TITLE           strikes it out
 */
import { FlinError, Log, type Place, type ReplayedRecord } from 'flin/segments'

/** What records are about. Kinds are on disk: a number keeps its meaning for as long as there are notebooks. */
const KIND = { note: 1 } as const

interface Note {
  readonly title: string
  readonly text: string
  /** Number of its record in the log. */
  readonly offset: number
  readonly writtenAt: Date
}

class Notebook {
  readonly #log: Log
  /** The state: where the newest note under each title lies. All of it comes from the log. */
  readonly #places = new Map<string, Place>()
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  private constructor(log: Log) {
    this.#log = log
  }

  static async open(folder: string): Promise<Notebook> {
    const log = await Log.open(folder, { segmentSize: 1024 * 1024 })
    const notebook = new Notebook(log)
    try {
      await log.replay((record) => notebook.#replay(record))
    } catch (error) {
      await log.close()
      throw error
    }
    return notebook
  }

  /** Is handed every record that was ever written, in order. */
  async #replay({ segmentNumber, position }: ReplayedRecord): Promise<void> {
    const place = { segmentNumber, position }
    const { key, isTombstone } = await this.#log.read(place)
    if (isTombstone) this.#places.delete(key.toString())
    else this.#places.set(key.toString(), place)
  }

  /** Writes notes: all of them or, if a crash comes between, none. They are on disk when this resolves. */
  async write(notes: readonly { title: string; text: string }[]): Promise<void> {
    const records = notes.map(({ title, text }) => ({
      kind: KIND.note,
      key: Buffer.from(title),
      value: Buffer.from(text),
    }))
    const places = this.#log.append(...records)
    await this.#commit()
    notes.forEach(({ title }, i) => this.#places.set(title, places[i]!))
  }

  /** Strikes a note out; false when there is none. */
  async strike(title: string): Promise<boolean> {
    if (!this.#places.has(title)) return false
    this.#log.append({ kind: KIND.note, key: Buffer.from(title), isTombstone: true })
    await this.#commit()
    return this.#places.delete(title)
  }

  /** One commit at a time. All who come while one is under way share the next. */
  #commit(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = null
      this.#running = this.#log.flush()
      return this.#running
    })
    return this.#next
  }

  /** All notes, the one that was written first in front. */
  async list(): Promise<Note[]> {
    const records = await Promise.all([...this.#places.values()].map((place) => this.#log.read(place)))
    return records
      .sort((a, b) => a.offset - b.offset)
      .map(({ key, value, offset, timestampMs }) => ({
        title: key.toString(),
        text: value.toString(),
        offset,
        writtenAt: new Date(timestampMs),
      }))
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running)
    await this.#log.close()
  }
}

async function run(folder: string, title?: string, text?: string): Promise<void> {
  const notebook = await Notebook.open(folder)
  try {
    if (title !== undefined && text !== undefined) await notebook.write([{ title, text }])
    else if (title !== undefined && !(await notebook.strike(title))) say(`there is no note ${title}`)
    const notes = await notebook.list()
    for (const note of notes) say(`${note.offset}  ${note.writtenAt.toISOString()}  ${note.title}: ${note.text}`)
    if (notes.length === 0) say('no notes')
  } finally {
    await notebook.close()
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const [folder, title, text] = process.argv.slice(2)
if (folder === undefined) {
  say('notebook FOLDER [TITLE [TEXT]]')
  process.exitCode = 2
} else {
  try {
    await run(folder, title, text)
  } catch (error) {
    if (!(error instanceof FlinError)) throw error
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exitCode = 1
  }
}
