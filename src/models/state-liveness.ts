import type { Liveness, ReplayedRecord, Supersession } from '../../segments/index.js'
import type { KeyLiveness } from './key-liveness.js'
import { KIND } from './kinds.js'
import type { Messages } from './messages/messages.js'

/** What compaction asks about all records of the state, and tells of them: each goes to whom it is of. */
export class StateLiveness implements Liveness {
  readonly supersession: Supersession
  readonly #keys: KeyLiveness
  readonly #messages: Messages

  constructor(keys: KeyLiveness, messages: Messages) {
    this.#keys = keys
    this.#messages = messages
    const { by, all } = keys.supersession
    this.supersession = { by: new Map([...by, [KIND.messageFloor, [KIND.messageFloor]]]), all }
  }

  isLive(record: ReplayedRecord): boolean {
    return this.#messages.covers(record.kind) ? this.#messages.isLive(record) : this.#keys.isLive(record)
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    return this.#messages.covers(record.kind)
      ? this.#messages.moved(record, segmentNumber, position)
      : this.#keys.moved(record, segmentNumber, position)
  }

  /** Whether the record says what a key has. */
  isOfKey(kind: number): boolean {
    return this.#keys.isOfKey(kind)
  }

  /** When the key of a live value expires, in ms since 1970; 0 when it does not. */
  expireAtOf(record: ReplayedRecord): number {
    return this.#keys.expireAtOf(record)
  }

  readonly countLive = async (segmentNumbers: readonly number[]): Promise<readonly number[]> => {
    const counts = await this.#keys.countLive(segmentNumbers)
    return counts.map((count, i) => count + this.#messages.countIn(segmentNumbers[i]!))
  }
}
