import type { Disk } from '../../segments/disk.js'
import { RECORD_FLAG } from '../../segments/format.js'
import { Log } from '../../segments/log.js'
import type { LogOptions } from '../../segments/options.js'
import { type Place, placeKey } from '../../segments/reader.js'
import { RecordView } from '../../segments/record.js'
import type { ReplayedRecord } from '../../segments/recovery.js'
import { KIND } from '../../src/models/kinds.js'
import type { Entry } from './log-history.js'

interface Found {
  readonly place: Place
  expireAt: number
}

/** What a log holds, rebuilt the naive way: quick to make for a log of some keys, and of a mind of its own beside the key space. */
export class PlainState {
  readonly log: Log
  readonly #keys = new Map<string, Found>()

  private constructor(log: Log) {
    this.log = log
  }

  /** @throws FlinError as {@link Log.openOn} and {@link Log.replay} do */
  static async open(disk: Disk, options: LogOptions): Promise<PlainState> {
    const state = new PlainState(await Log.openOn(disk, options))
    await state.log.replay((record) => {
      state.#apply(record)
      return undefined
    })
    return state
  }

  #apply({ kind, flags, hi, lo, segmentNumber, position, datum }: ReplayedRecord): void {
    const id = `${hi} ${lo}`
    const isTombstone = (flags & RECORD_FLAG.tombstone) !== 0
    if (kind === KIND.floor) this.#keys.clear()
    else if (kind === KIND.expiry) {
      const found = this.#keys.get(id)
      if (found !== undefined) found.expireAt = isTombstone ? 0 : datum
    } else if (isTombstone) this.#keys.delete(id)
    else this.#keys.set(id, { place: { segmentNumber, position }, expireAt: 0 })
  }

  get count(): number {
    return this.#keys.size
  }

  /** @throws FlinError LOG_CORRUPT when the key's record is damaged */
  async read(key: string): Promise<Entry | null> {
    const { log } = this
    const bytes = Buffer.from(key)
    log.hasher.hash(bytes, 0, bytes.length)
    const found = this.#keys.get(`${log.hasher.hi} ${log.hasher.lo}`)
    if (found === undefined) return null
    const { place, expireAt } = found
    const { reader } = log
    if (reader.seek(place.segmentNumber, place.position)) {
      const { offset } = log.locate(place.segmentNumber, place.position)!
      return { value: Buffer.from(new RecordView().at(reader.bytes, reader.start).value()), expireAt, offset }
    }
    const record = (await log.load([place])).get(placeKey(place.segmentNumber, place.position))!
    return { value: Buffer.from(new RecordView().at(record.bytes, 0).value()), expireAt, offset: record.offset }
  }
}
