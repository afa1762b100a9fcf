import { RECORD_FLAG, type RecordView } from '../segments/index.js'
import { KIND } from './models/kinds.js'

/** Tells the records of one key apart from others, in the order of the log: its own, and those of what its list or stream is made of. */
export class ObjectOfKey {
  readonly #key: Buffer
  /** Id of the object that the key has; -1: none that has been seen. */
  #id = -1

  constructor(key: Buffer) {
    this.#key = key
  }

  /** Whether a record is about the key; each one of the log is shown once. */
  isAbout(view: RecordView): boolean {
    if ((view.flags & RECORD_FLAG.member) !== 0) return view.objectId === this.#id
    const { kind } = view
    if (!this.#key.equals(view.key())) return false
    if (kind === KIND.list || kind === KIND.stream) this.#id = view.isTombstone ? -1 : view.datum
    else if (kind === KIND.string) this.#id = -1
    return true
  }
}
