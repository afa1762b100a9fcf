import {
  BATCH_HEADER_SIZE,
  type Disk,
  Log,
  type LogOptions,
  type Liveness,
  readBatches,
  RecordView,
  type RetainedKind,
  Retention,
} from '../../segments/index.js'
import { Commits } from './compactions.js'
import { smallLogOptions } from './memory-log.js'

/** `note` stays for ever, the others as long as they are told to. */
export const FEED_KIND = { note: 1, message: 10, messageFloor: 11, audit: 12, auditFloor: 13 } as const

export interface FeedRecord {
  readonly offset: number
  readonly kind: number
  readonly text: string
}

/** A log of texts, two kinds of which are retained: the smallest thing that has a {@link Retention}. */
export class Feed {
  readonly log: Log
  readonly disk: Disk
  readonly retention: Retention
  readonly commits: Commits

  private constructor(disk: Disk, log: Log, kinds: readonly RetainedKind[]) {
    this.disk = disk
    this.log = log
    this.retention = new Retention(log, kinds)
    this.commits = new Commits(log)
  }

  static async open(disk: Disk, kinds: readonly RetainedKind[], options: Partial<LogOptions> = {}): Promise<Feed> {
    const log = await Log.openOn(disk, smallLogOptions(options))
    const feed = new Feed(disk, log, kinds)
    await log.replay((record) => {
      feed.retention.apply(record)
      return undefined
    })
    return feed
  }

  write(kind: number, text: string): number {
    const [written] = this.log.append({ kind, key: Buffer.from('k'), value: Buffer.from(text) })
    this.retention.apply({ kind, ...written! })
    return written!.offset
  }

  /** Says how many floors have risen. */
  retain(): number {
    const records = this.retention.plan()
    for (const record of records) {
      const [written] = this.log.append(record)
      this.retention.apply({ ...record, ...written! })
    }
    return records.length
  }

  readonly liveness: Liveness = {
    isLive: (record) => !this.retention.covers(record.kind) || this.retention.isLive(record),
    moved: (record, segmentNumber, position) =>
      !this.retention.covers(record.kind) || this.retention.moved(record, segmentNumber, position),
    supersession: { by: new Map(), all: [] },
  }

  /** What the files hold, floors left out. */
  async stored(): Promise<FeedRecord[]> {
    const view = new RecordView()
    const records: FeedRecord[] = []
    for await (const step of readBatches(this.disk)) {
      if (step.type === 'damage') throw new Error('the log is damaged')
      let at = step.position + BATCH_HEADER_SIZE
      for (let i = 0; i < step.header.count; i++, at = view.next) {
        const { kind, offsetDelta } = view.at(step.bytes, at)
        if (kind === FEED_KIND.messageFloor || kind === FEED_KIND.auditFloor) continue
        records.push({ offset: step.header.baseOffset + offsetDelta, kind, text: view.value().toString() })
      }
    }
    return records
  }

  /** What can be read: all that is not below the floor of its kind. */
  async readable(): Promise<FeedRecord[]> {
    const { retention } = this
    const records = await this.stored()
    return records.filter(({ kind, offset }) => !retention.covers(kind) || offset >= retention.floorOf(kind))
  }
}
