import assert from 'node:assert/strict'
import type { Select } from '../../segments/compaction/select.js'
import type { Disk } from '../../segments/disk.js'
import { FlinError } from '../../segments/errors.js'
import { BATCH_HEADER_SIZE } from '../../segments/format.js'
import { Log } from '../../segments/log.js'
import type { LogOptions } from '../../segments/options.js'
import type { Place } from '../../segments/reader.js'
import { ColdRead } from '../../src/models/cold.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { RECORD_OVERHEAD } from '../../src/models/kinds.js'
import { SalvagedKeyspace } from '../../src/models/salvaged-keyspace.js'
import { type Entry, History } from './log-history.js'
import { Random } from './random.js'

/** Small segments, a small cache, a clock that only counts, and random numbers that do not vary. */
export function logOptions(changes: Partial<LogOptions> = {}): LogOptions {
  let time = 1_700_000_000_000
  const rng = new Random(7)
  return {
    fsync: 'always',
    segmentSize: 4096,
    cacheSize: 12_000,
    undurableSizeMax: 1 << 24,
    reserveSize: 0,
    diskSizeMax: 0,
    history: 'none',
    memorySizeMax: 0,
    serveDamaged: false,
    readOnly: false,
    now: () => time++,
    randomBytes: (size) => Buffer.from(Array.from({ length: size }, () => rng.below(256))),
    onEvent: () => undefined,
    ...changes,
  }
}

/** One owner's time with a log: writes through a {@link Keyspace}, and notes in a {@link History} what has been written and told. */
export class LogSession {
  readonly log: Log
  readonly keyspace: Keyspace
  /** May be replaced by what became of it, when it is known how much a crash left. */
  history: History

  private constructor(log: Log, keyspace: Keyspace, history: History) {
    this.log = log
    this.keyspace = keyspace
    this.history = history
  }

  /** Opens the log and rebuilds its state. What is found is compared with the history by {@link LogSession.check} only. */
  static async open(disk: Disk, options: LogOptions, history = new History()): Promise<LogSession> {
    const log = await Log.openOn(disk, options)
    const keyspace = options.serveDamaged ? new SalvagedKeyspace(log, 2) : new Keyspace(log, 2)
    keyspace.now = log.now()
    try {
      await log.replay((record) => keyspace.replay(record))
    } catch (error) {
      await log.close()
      throw error
    }
    if (!options.readOnly && !options.serveDamaged) history.noteEpoch(log.epoch)
    return new LogSession(log, keyspace, history)
  }

  /** Sets keys in one command: they lie in one batch. A value of null removes the key. */
  async write(entries: readonly (readonly [key: string, value: Buffer | null, expireAt?: number])[]): Promise<void> {
    const { keyspace, log, history } = this
    let size = 0
    for (const [key, value] of entries) size += 2 * (key.length + RECORD_OVERHEAD) + (value?.length ?? 0)
    await this.#run(() => {
      for (const [key] of entries) keyspace.find(Buffer.from(key), 0, key.length) // all that is cold is found before anything is written
      const frees = entries.every(([, value]) => value === null)
      this.#begin(size, frees)
      for (const [name, value, expireAt = 0] of entries) {
        const key = Buffer.from(name)
        const isThere = keyspace.find(key, 0, key.length)
        if (value !== null) {
          const offset = log.endOffset
          keyspace.put(key, 0, key.length, value, 0, value.length, expireAt)
          history.wrote(name, { value, expireAt, offset }, log.endOffset)
        } else if (isThere) {
          keyspace.remove(key, 0, key.length)
          history.wrote(name, null, log.endOffset)
        }
      }
    })
  }

  put(key: string, value: Buffer, expireAt = 0): Promise<void> {
    return this.write([[key, value, expireAt]])
  }

  remove(key: string): Promise<void> {
    return this.write([[key, null]])
  }

  /** Removes every key. */
  clear(): void {
    this.#begin(RECORD_OVERHEAD)
    this.keyspace.clear()
    this.history.cleared(this.log.endOffset)
  }

  /** Begins the next segment, as a record would that does not fit: what is there may be as small as a test wants it. */
  roll(segmentSize = 4096): void {
    this.#begin(segmentSize - BATCH_HEADER_SIZE)
  }

  #begin(size: number, frees = false): void {
    const { log, history } = this
    const { active } = log.appender
    const { size: sizeBefore } = active
    const { endOffset } = log
    log.appender.begin(size, frees)
    // What began a new segment, or filled the batch, closed the batch that was open.
    if (log.appender.active !== active || active.size !== sizeBefore) history.noteBoundary(endOffset)
  }

  /** Commits; all that had been appended before the call counts as acknowledged when it resolves. */
  async flush(): Promise<void> {
    const { log, history } = this
    const { endOffset } = log
    history.noteBoundary(endOffset)
    await log.flush()
    history.noteAcknowledged(endOffset)
  }

  /** Rewrites all that is sealed, or what `select` chooses; also commits. Not while a flush is under way. */
  async compact(select?: Select): Promise<void> {
    const { log, keyspace } = this
    const durable = async (): Promise<void> => {
      await this.flush()
      if (log.fsync !== 'always') await log.sync()
    }
    if (select === undefined) await log.compact(keyspace.liveness, durable)
    else await log.compactNext(keyspace.liveness, durable, false, select)
  }

  async close(): Promise<void> {
    this.history.noteBoundary(this.log.endOffset)
    const { endOffset } = this.log
    await this.log.close()
    this.history.noteAcknowledged(endOffset)
  }

  /** @throws FlinError LOG_CORRUPT when the key's record is damaged. */
  read(key: string): Promise<Entry | null> {
    const { keyspace } = this
    const bytes = Buffer.from(key)
    return this.#run(() => {
      if (!keyspace.find(bytes, 0, bytes.length)) return null
      const { offset } = keyspace.locate()
      return { value: Buffer.from(keyspace.record.value()), expireAt: keyspace.expireAt, offset }
    })
  }

  /**
   * Opened to serve what is damaged: keys whose newest record has an offset of `lostEnd` or above are what they were when the log
   * ended at `endOffset`, and a walk finds them; all others are refused. 0: everything is known.
   */
  async checkSalvaged(endOffset: number, lostEnd: number): Promise<void> {
    const expected = this.history.stateAt(endOffset)
    const known: string[] = []
    for (const key of this.history.keys) {
      const entry = expected.get(key) ?? null
      if (lostEnd === 0 || (entry !== null && entry.offset >= lostEnd)) {
        assert.deepEqual(await this.read(key), entry, key)
        if (entry !== null) known.push(key)
      } else await assert.rejects(this.read(key), (error) => isFlinError(error, 'LOG_CORRUPT'), key)
    }
    assert.deepEqual(await this.keys(), known.sort())
    const none = this.read('a key that never was')
    if (lostEnd === 0) assert.equal(await none, null)
    else await assert.rejects(none, (error) => isFlinError(error, 'LOG_CORRUPT'))
  }

  /** A key chosen at random; null when there is none. */
  randomKey(random: () => number): Promise<string | null> {
    const { walks, record } = this.keyspace
    return this.#run(() => (walks.findRandom(random) ? record.key().toString('latin1') : null))
  }

  /** All keys, as a walk over them finds them: without those that are lost where what is damaged is served. */
  async keys(): Promise<string[]> {
    const keys: string[] = []
    let cursor = 0
    do {
      const found: string[] = []
      cursor = await this.#run(() =>
        this.keyspace.walks.scan(
          cursor,
          1000,
          (bytes, start, end) => {
            found.push(bytes.toString('latin1', start, end))
          },
          true,
        ),
      )
      keys.push(...found)
    } while (cursor !== 0)
    return keys.sort()
  }

  /** Runs a job as the dispatcher runs a command: again after loading what it found cold. */
  async #run<T>(job: () => T): Promise<T> {
    const { keyspace, log } = this
    const places: Place[] = []
    try {
      for (let tries = 0; ; tries++) {
        keyspace.now = log.now()
        keyspace.gate = 0
        try {
          return job()
        } catch (error) {
          if (!(error instanceof ColdRead)) throw error
          assert.ok(tries < 10, 'what was loaded is not found')
          places.push(...error.places)
          log.reader.loaded = await log.load(places)
        }
      }
    } finally {
      log.reader.loaded = null
    }
  }

  /**
   * What was found on opening must be the state after whole batches that were written, not fewer than `atLeast` records.
   * Returns how many there were.
   */
  async check(atLeast: number): Promise<number> {
    const { log, history } = this
    const { endOffset } = log
    assert.ok(endOffset >= atLeast, `lost: ${atLeast} records had been acknowledged, ${endOffset} were found`)
    assert.ok(endOffset <= history.endOffset, `${endOffset} records were found, only ${history.endOffset} were written`)
    assert.ok(history.isBoundary(endOffset), `a part of a batch was found: the log ends at ${endOffset}`)
    assert.equal(log.committedOffset, endOffset)
    const expected = history.stateAt(endOffset)
    assert.deepEqual(await this.keys(), [...expected.keys()].sort(), `other keys were found at offset ${endOffset}`)
    assert.equal(this.keyspace.count, expected.size)
    for (const [key, entry] of expected) {
      const found = await this.read(key)
      assert.ok(found !== null, `${key} is missing`)
      assert.ok(found.value.equals(entry.value), `${key} is ${found.value.toString()}, not ${entry.value.toString()}`)
      assert.equal(found.offset, entry.offset, `${key} has another revision`)
      assert.equal(found.expireAt, entry.expireAt, `${key} expires at another time`)
    }
    return endOffset
  }
}

export function isFlinError(error: unknown, ...codes: readonly string[]): error is FlinError {
  return error instanceof FlinError && codes.includes(error.code)
}
