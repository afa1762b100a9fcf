import { RECORD_FLAG, type Log, type LogCursor, type RecordView } from '../../segments/index.js'
import type { Keyspace } from '../models/keyspace.js'
import { KIND } from '../models/kinds.js'
import { ChangeJournal, type ObjectChange } from '../models/objects/change-journal.js'
import { DEL, keyEventOf, RENAME_FROM, RENAME_TO, type KeyEvent } from './key-events.js'
import { lastEventOf, memberEventOf } from './object-events.js'
import type { Subscriptions } from './subscriptions.js'

/** So long may the records of a commit be gone through at once. */
const SLICE_MS = 5
const SLICE_COUNT = 256
/** With so many changes of lists and streams untold, others wait. */
const UNTOLD_MAX = 10_000
const TOLD_CLASSES = ['$', 'g', 'x', 'l', 't']
/** What `A` stands for. */
const ALL_CLASSES = 'g$lshzxetd'

/**
 * Redis's keyspace notifications, made of the records of the log as they are committed: to `__keyspace@0__:key` what has happened,
 * and to `__keyevent@0__:event` to which key. They are not written to the log, so who is not there does not get them.
 */
export class KeyspaceEvents {
  readonly #log: Log
  readonly #keyspace: Keyspace
  readonly #subscriptions: Subscriptions
  readonly #commandNames: ReadonlyMap<number, string>
  readonly #onReadFailed: (error: unknown) => void
  #classes = ''
  #cursor: LogCursor | null = null
  #isBusy = false
  /** A key that was given a name: told behind the name that it had. */
  #renamed: Buffer | null = null
  /** The old name of an object has been told, and the new one has not. */
  #isRenaming = false
  /** What was told last of lists and streams, and which events. */
  #change: ObjectChange | null = null
  readonly #told: string[] = []

  /** @param commandNames by the codes that stand in records */
  constructor(
    keyspace: Keyspace,
    subscriptions: Subscriptions,
    commandNames: ReadonlyMap<number, string>,
    onReadFailed: (error: unknown) => void,
  ) {
    this.#log = keyspace.log
    this.#keyspace = keyspace
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
    const isOn = (this.#has('K') || this.#has('E')) && TOLD_CLASSES.some((type) => this.#has(type))
    if (!isOn) this.#cursor = null
    else this.#cursor ??= this.#log.cursor(this.#log.endOffset)
    if (!isOn || !(this.#has('l') || this.#has('t'))) this.#keyspace.journal = null
    else this.#keyspace.journal ??= new ChangeJournal()
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
      this.#passOver(cursor)
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
        isLate = count % SLICE_COUNT === 0 && performance.now() > until && this.#mayWait
      }
      cursor.close()
    }
    this.#goOnLater(cursor)
  }

  get #mayWait(): boolean {
    return (this.#keyspace.journal?.count ?? 0) < UNTOLD_MAX
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
        if (cursor === this.#cursor) this.#passOver(cursor)
        this.#onReadFailed(error)
      },
    )
  }

  /** What nobody hears, or could not be read, is not told; nor may anything be held for it. */
  #passOver(cursor: LogCursor): void {
    cursor.offset = Math.max(cursor.offset, this.#log.committedOffset)
    this.#keyspace.journal?.forget(cursor.offset)
  }

  #goOnLater(cursor: LogCursor): void {
    this.#isBusy = true
    setImmediate(() => {
      this.#isBusy = false
      this.#pump(cursor)
    })
  }

  #tell({ view, recordOffset }: LogCursor): void {
    if ((view.flags & RECORD_FLAG.member) !== 0) {
      this.#tellMember(view, recordOffset)
      return
    }
    const commandName = this.#commandNames.get(view.command)
    const event = keyEventOf(view, commandName)
    if (event === null) return
    if (event === DEL && (view.flags & RECORD_FLAG.endsObject) !== 0)
      this.#tellLast(commandName ?? '', view.key(), recordOffset)
    if (event === RENAME_TO || event === RENAME_FROM) this.#tellRename(event, view)
    else this.#publish(event, view.key())
  }

  /** Of a string the new name is in the log first; of an object the old one, and what the new one has had goes in between. */
  #tellRename(event: KeyEvent, view: RecordView): void {
    const key = Buffer.from(view.key())
    if (event === RENAME_TO && view.kind === KIND.string) this.#renamed = key
    else if (event === RENAME_TO) {
      this.#isRenaming = false
      this.#publish(RENAME_TO, key)
    } else if (this.#renamed !== null) {
      this.#publish(RENAME_FROM, key)
      this.#publish(RENAME_TO, this.#renamed)
      this.#renamed = null
    } else if (!this.#isRenaming) {
      this.#isRenaming = true
      this.#publish(RENAME_FROM, key)
    }
  }

  /** A command may write many records: it is told once. */
  #tellMember(view: RecordView, offset: number): void {
    const change = this.#keyspace.journal?.at(offset, view.objectId) ?? null
    if (change === null) return
    const name = memberEventOf(view, this.#commandNames.get(view.command) ?? '', offset, change)
    if (change !== this.#change) {
      this.#change = change
      this.#told.length = 0
    }
    if (name === null || this.#told.includes(name)) return
    this.#told.push(name)
    this.#publish({ name, type: name.startsWith('x') ? 't' : 'l' }, change.key)
  }

  /** The last items of a list go with the key, by one record. */
  #tellLast(commandName: string, key: Buffer, offset: number): void {
    const change = this.#keyspace.journal?.endAt(offset) ?? null
    const name = change === null ? null : lastEventOf(commandName, change)
    if (name !== null) this.#publish({ name, type: 'l' }, key)
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
