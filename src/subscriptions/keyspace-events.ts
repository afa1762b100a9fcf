import type { Log, LogCursor } from '../../segments/index.js'
import { keyEventOf, RENAME_FROM, RENAME_TO, type KeyEvent } from './key-events.js'
import type { Subscriptions } from './subscriptions.js'

/** So long may the records of a commit be gone through at once. */
const SLICE_MS = 5
const SLICE_COUNT = 256
/** What `A` stands for. */
const ALL_CLASSES = 'g$lshzxetd'

/**
 * Redis's keyspace notifications, made of the records of the log as they are committed: to `__keyspace@0__:key` what has happened,
 * and to `__keyevent@0__:event` to which key. They are not written to the log, so who is not there does not get them.
 */
export class KeyspaceEvents {
  readonly #log: Log
  readonly #subscriptions: Subscriptions
  readonly #commandNames: ReadonlyMap<number, string>
  readonly #onReadFailed: (error: unknown) => void
  #classes = ''
  #cursor: LogCursor | null = null
  #isBusy = false
  /** A key that was given a name: told behind the name that it had. */
  #renamed: Buffer | null = null

  /** @param commandNames by the codes that stand in records */
  constructor(
    log: Log,
    subscriptions: Subscriptions,
    commandNames: ReadonlyMap<number, string>,
    onReadFailed: (error: unknown) => void,
  ) {
    this.#log = log
    this.#subscriptions = subscriptions
    this.#commandNames = commandNames
    this.#onReadFailed = onReadFailed
  }

  /** Letters as Redis's `notify-keyspace-events` has them; empty: nothing is told. Holds for what is committed from now on. */
  get classes(): string {
    return this.#classes
  }

  set classes(classes: string) {
    this.#classes = classes
    const isOn = (this.#has('K') || this.#has('E')) && ['$', 'g', 'x'].some((type) => this.#has(type))
    if (!isOn) this.#cursor = null
    else this.#cursor ??= this.#log.cursor(this.#log.endOffset)
  }

  #has(letter: string): boolean {
    return this.#classes.includes(letter) || (this.#classes.includes('A') && ALL_CLASSES.includes(letter))
  }

  /** Something has been committed. */
  committed(): void {
    if (this.#cursor !== null && !this.#isBusy) this.#pump(this.#cursor)
  }

  #pump(cursor: LogCursor): void {
    if (cursor !== this.#cursor) return
    const { channels, patterns } = this.#subscriptions.topics
    if (channels.size === 0 && patterns.size === 0) {
      cursor.offset = Math.max(cursor.offset, this.#log.committedOffset)
      return
    }
    const until = performance.now() + SLICE_MS
    for (let isLate = false; !isLate;) {
      const found = cursor.open()
      if (found === 'end') return
      if (found === 'cold') {
        this.#load(cursor)
        return
      }
      for (let count = 1; !isLate && cursor.next(); count++) {
        this.#tell(cursor)
        isLate = count % SLICE_COUNT === 0 && performance.now() > until
      }
      cursor.close()
    }
    this.#goOnLater(cursor)
  }

  /** It has been committed, and is not in memory any more: many segments were. */
  #load(cursor: LogCursor): void {
    this.#isBusy = true
    cursor.load().then(
      () => {
        this.#isBusy = false
        this.#pump(cursor)
      },
      (error: unknown) => {
        this.#isBusy = false
        this.#cursor = null
        this.#onReadFailed(error)
      },
    )
  }

  #goOnLater(cursor: LogCursor): void {
    this.#isBusy = true
    setImmediate(() => {
      this.#isBusy = false
      this.#pump(cursor)
    })
  }

  #tell({ view }: LogCursor): void {
    const event = keyEventOf(view, this.#commandNames.get(view.command))
    if (event === null) return
    if (event === RENAME_TO) {
      this.#renamed = Buffer.from(view.key())
      return
    }
    this.#publish(event, view.key())
    if (event !== RENAME_FROM || this.#renamed === null) return
    this.#publish(RENAME_TO, this.#renamed)
    this.#renamed = null
  }

  #publish({ name, type }: KeyEvent, key: Buffer): void {
    if (!this.#has(type)) return
    const bytes = Buffer.from(name)
    if (this.#has('K')) this.#send(Buffer.concat([KEYSPACE, key]), bytes)
    if (this.#has('E')) this.#send(Buffer.concat([KEYEVENT, bytes]), key)
  }

  #send(channel: Buffer, payload: Buffer): void {
    this.#subscriptions.publish(false, channel, 0, channel.length, payload, 0, payload.length, -1, 0)
  }
}

const KEYSPACE = Buffer.from('__keyspace@0__:')
const KEYEVENT = Buffer.from('__keyevent@0__:')
