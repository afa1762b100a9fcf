import assert from 'node:assert/strict'
import {
  BATCH_HEADER_SIZE,
  Log,
  type LogOptions,
  readBatches,
  RECORD_FLAG,
  RecordView,
  type ReplayedRecord,
} from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { RECORD_OVERHEAD } from '../../src/models/kinds.js'
import { KIND } from '../../src/models/kinds.js'
import type { Watched } from '../../src/models/watches.js'
import { smallLogOptions } from './memory-log.js'
import { Random } from './random.js'
import { SimDisk } from './sim-disk.js'

/** How a restart hands the records over: as they are, each twice in a row, or all of them and then all again. */
export type Handing = 'once' | 'each twice' | 'all twice'

export type Step =
  | { readonly op: 'set'; readonly key: number; readonly size: number; readonly ttlMs: number }
  | { readonly op: 'keepTtl' | 'del' | 'persist' | 'get' | 'watch'; readonly key: number }
  | { readonly op: 'expire'; readonly key: number; readonly ttlMs: number }
  | { readonly op: 'clock'; readonly byMs: number }
  | { readonly op: 'clear' | 'flush' | 'compact' | 'scan' | 'unwatch' | 'sample' | 'compare' }
  | { readonly op: 'reopen'; readonly handing: Handing; readonly losing: number }

interface Entry {
  readonly value: Buffer
  /** 0: it does not expire. */
  readonly expireAt: number
  readonly offset: number
}

interface Watch {
  readonly watcher: { dirty: boolean }
  readonly watched: Watched
  isChanged: boolean
}

/** A walk by SCAN that is under way. */
interface Walk {
  cursor: number
  /** Keys that have been there from its first call on. */
  readonly stayed: Set<string>
  readonly seen: Map<string, number>
}

const BEGAN_MS = 1_700_000_000_000

/**
 * Plays steps on a {@link Keyspace} and on a naive model of it, a Map with a time, and compares what they tell. Segments are
 * small and the cache is smaller, so that nearly all that is read is read from the disk.
 */
export class KeyspacePlayer {
  readonly #disk: SimDisk
  readonly #options: LogOptions
  readonly #hasWeakHash: boolean
  readonly #rng = new Random(1)
  readonly #model = new Map<string, Entry>()
  readonly #watches = new Map<string, Watch>()
  #walk: Walk | null = null
  /** What the clock on the wall shows; it may be set back. */
  #clockMs = BEGAN_MS
  /** What time it is: it never goes back. */
  #nowMs = BEGAN_MS
  /** The last batch of the log is not older. */
  #stampMs = 0
  #serial = 0
  #log!: Log
  #keyspace!: Keyspace

  private constructor(disk: SimDisk, options: Partial<LogOptions>) {
    this.#disk = disk
    this.#hasWeakHash = options.keyHasher !== undefined
    this.#options = smallLogOptions({ segmentSize: 4096, cacheSize: 5000, ...options, now: () => this.#clockMs })
  }

  static async open(disk: SimDisk, options: Partial<LogOptions> = {}): Promise<KeyspacePlayer> {
    const player = new KeyspacePlayer(disk, options)
    await player.#open('once')
    assert.equal(player.#log.now(), player.#nowMs)
    return player
  }

  async play(step: Step): Promise<void> {
    if (step.op === 'clock') this.#clockMs += step.byMs
    this.#nowMs = Math.max(this.#nowMs, this.#clockMs)
    assert.equal(this.#log.now(), this.#nowMs, 'time went back')
    const wasPending = this.#log.isPending
    await this.#play(step)
    if (!wasPending && this.#log.isPending) this.#stampMs = this.#nowMs
    await this.#goOnWalking()
  }

  async #play(step: Step): Promise<void> {
    switch (step.op) {
      case 'set':
        return this.#set(nameOf(step.key), step.size, step.ttlMs === 0 ? 0 : this.#nowMs + step.ttlMs)
      case 'keepTtl':
        return this.#set(nameOf(step.key), 20, null)
      case 'del':
        return this.#remove(nameOf(step.key))
      case 'expire':
        return this.#expire(nameOf(step.key), this.#nowMs + step.ttlMs)
      case 'persist':
        return this.#persist(nameOf(step.key))
      case 'get':
        return this.#get(nameOf(step.key))
      case 'watch':
        return this.#watch(nameOf(step.key))
      case 'unwatch':
        return this.#checkWatches()
      case 'clear':
        return this.#clear()
      case 'flush':
        return this.#log.flush()
      case 'compact':
        await this.#log.flush()
        await this.#log.compact(this.#keyspace.liveness, () => this.#log.flush())
        return
      case 'scan':
        this.#walk ??= { cursor: 0, stayed: new Set(this.#living()), seen: new Map() }
        return
      case 'sample':
        await this.#run(() => this.#keyspace.walks.expireSample(Array.from({ length: 20 }, () => this.#rng.next())))
        return
      case 'compare':
        return this.compare()
      case 'reopen':
        return this.#reopen(step.handing, step.losing)
    }
  }

  /** Every key, in the state and in the model. */
  async compare(): Promise<void> {
    const found: string[] = []
    let cursor = 0
    do {
      const some: string[] = []
      cursor = await this.#run(() => {
        some.length = 0
        return this.#keyspace.walks.scan(cursor, 5, (bytes, start, end) =>
          some.push(bytes.toString('latin1', start, end)),
        )
      })
      found.push(...some)
    } while (cursor !== 0)
    assert.deepEqual(found.sort(), this.#living().sort())
    for (let key = 0; key < KEY_COUNT; key++) await this.#get(nameOf(key))
  }

  /** Closes the log and looks through all that it has written. */
  async close(): Promise<void> {
    await this.#log.close()
    await this.#checkTombstones()
    assert.equal(this.#disk.openCount, 0, 'files are left open')
  }

  #living(): string[] {
    return [...this.#model.keys()].filter((key) => this.#find(key) !== null)
  }

  #find(key: string): Entry | null {
    const entry = this.#model.get(key)
    return entry === undefined || (entry.expireAt !== 0 && entry.expireAt <= this.#nowMs) ? null : entry
  }

  /** Notes what a key is now. */
  #change(key: string, entry: Entry | null): void {
    if (entry === null) {
      this.#model.delete(key)
      this.#walk?.stayed.delete(key)
    } else this.#model.set(key, entry)
    const watch = this.#watches.get(key)
    if (watch !== undefined) watch.isChanged = true
  }

  async #run<T>(job: (keyspace: Keyspace) => T): Promise<T> {
    let tries = 0
    return runLoaded(this.#log, () => {
      assert.ok(++tries < 50, 'what was loaded is not found')
      this.#keyspace.now = this.#log.now()
      this.#keyspace.gate = 0
      return job(this.#keyspace)
    })
  }

  /** Looks a key up as commands do, promising to write no more than `size` bytes, and goes on from there. */
  async #with(key: string, size: number, job: (found: boolean, bytes: Buffer) => void): Promise<void> {
    const bytes = Buffer.from(key)
    await this.#run((keyspace) => {
      keyspace.begin(size + 3 * (bytes.length + RECORD_OVERHEAD))
      const found = keyspace.find(bytes, 0, bytes.length)
      assert.equal(found, this.#find(key) !== null, `whether ${key} is there`)
      job(found, bytes)
    })
  }

  /** @param expireAt null: the one that the key has. */
  #set(key: string, size: number, expireAt: number | null): Promise<void> {
    const value = Buffer.from(`${++this.#serial}`.padEnd(size, '.'))
    return this.#with(key, value.length, (found, bytes) => {
      const keyspace = this.#keyspace
      const at = expireAt ?? keyspace.expireAt
      if (expireAt === null) assert.equal(at, found ? this.#find(key)!.expireAt : 0)
      keyspace.put(bytes, 0, bytes.length, value, 0, value.length, at)
      const offset = this.#log.endOffset - (at > 0 ? 2 : 1)
      this.#change(key, { value, expireAt: at, offset })
    })
  }

  #remove(key: string): Promise<void> {
    return this.#with(key, 0, (found, bytes) => {
      if (found) {
        this.#keyspace.remove(bytes, 0, bytes.length)
        this.#change(key, null)
      } else this.#forget(key, bytes)
    })
  }

  /** A key whose time has passed is removed by whoever writes to it; nobody sees a change. */
  #forget(key: string, bytes: Buffer): void {
    this.#keyspace.removeExpired(bytes, 0, bytes.length)
    this.#model.delete(key)
  }

  #expire(key: string, at: number): Promise<void> {
    return this.#with(key, 0, (found, bytes) => {
      if (!found) this.#forget(key, bytes)
      else if (at <= this.#nowMs) {
        this.#keyspace.remove(bytes, 0, bytes.length)
        this.#change(key, null)
      } else {
        this.#keyspace.locate() // what is cold is found before anything is written
        this.#keyspace.expire(bytes, 0, bytes.length, at)
        this.#change(key, { ...this.#model.get(key)!, expireAt: at })
      }
    })
  }

  #persist(key: string): Promise<void> {
    return this.#with(key, 0, (found, bytes) => {
      if (!found) {
        this.#forget(key, bytes)
        return
      }
      assert.equal(this.#keyspace.expireAt, this.#find(key)!.expireAt)
      if (this.#keyspace.expireAt === 0) return
      this.#keyspace.persist(bytes, 0, bytes.length)
      this.#change(key, { ...this.#model.get(key)!, expireAt: 0 })
    })
  }

  #get(key: string): Promise<void> {
    const bytes = Buffer.from(key)
    return this.#run((keyspace) => {
      const expected = this.#find(key)
      const found = keyspace.find(bytes, 0, bytes.length)
      if (!found) {
        assert.equal(expected, null, `${key} is missing`)
        return
      }
      assert.ok(expected !== null, `${key} has come back`)
      const { offset } = keyspace.locate()
      const value = keyspace.record.value().toString()
      assert.deepEqual(
        { value, expireAt: keyspace.expireAt, offset },
        { ...expected, value: expected.value.toString() },
        key,
      )
    })
  }

  async #clear(): Promise<void> {
    await this.#run((keyspace) => {
      keyspace.begin(RECORD_OVERHEAD)
      keyspace.clear()
    })
    for (const key of this.#living()) this.#change(key, null)
    this.#model.clear()
  }

  async #watch(key: string): Promise<void> {
    if (this.#watches.has(key)) return
    const watcher = { dirty: false }
    const bytes = Buffer.from(key)
    const watched = await this.#run((keyspace) => keyspace.watch(bytes, 0, bytes.length, watcher))
    this.#watches.set(key, { watcher, watched, isChanged: false })
  }

  /** Whoever watches a key learns of every change; of none that was not, unless another key has the same hash. */
  #checkWatches(): Promise<void> {
    for (const [key, { watcher, watched, isChanged }] of this.#watches) {
      const hasExpired = watched.expireAt !== 0 && watched.expireAt <= this.#nowMs
      if (isChanged) assert.ok(watcher.dirty || hasExpired, `the change of ${key} was not seen`)
      else if (!this.#hasWeakHash) assert.ok(!watcher.dirty, `${key} did not change`)
      this.#keyspace.watches.remove(watched.hi, watched.lo, watcher)
    }
    this.#watches.clear()
    assert.ok(this.#keyspace.watches.isEmpty)
    return Promise.resolve()
  }

  /** One more call of the walk: in the end what had been there all the time must have been seen once. */
  async #goOnWalking(): Promise<void> {
    const walk = this.#walk
    if (walk === null) return
    const some: string[] = []
    for (const key of walk.stayed) if (this.#find(key) === null) walk.stayed.delete(key)
    walk.cursor = await this.#run((keyspace) => {
      some.length = 0
      return keyspace.walks.scan(walk.cursor, 2, (bytes, start, end) => some.push(bytes.toString('latin1', start, end)))
    })
    for (const key of some) {
      assert.ok(this.#find(key) !== null, `SCAN tells of ${key}, which is not there`)
      walk.seen.set(key, (walk.seen.get(key) ?? 0) + 1)
    }
    if (walk.cursor !== 0) return
    for (const key of walk.stayed) assert.equal(walk.seen.get(key), 1, `SCAN and ${key}`)
    this.#walk = null
  }

  async #open(handing: Handing): Promise<void> {
    const log = await Log.openOn(this.#disk, this.#options)
    this.#log = log
    const keyspace = new Keyspace(log, 2)
    this.#keyspace = keyspace
    const again: ReplayedRecord[] = []
    await log.replay((record) => {
      if (handing === 'once') return keyspace.replay(record)
      if (handing === 'each twice') return replayTwice(keyspace, { ...record })
      again.push({ ...record })
      return keyspace.replay(record)
    })
    for (const record of again) await keyspace.replay(record)
  }

  async #reopen(handing: Handing, losing: number): Promise<void> {
    await this.#checkWatches()
    await this.#log.close()
    for (const name of await this.#disk.list()) {
      if (name.endsWith('.side') && this.#rng.chance(losing)) await this.#disk.remove(name)
    }
    await this.#open(handing)
    const now = this.#log.now()
    assert.ok(now >= this.#stampMs, 'time went back behind the last batch')
    assert.ok(now <= this.#nowMs)
    this.#nowMs = now
  }

  /** A tombstone names an offset that is not above any version of its key which may still lie in the log. */
  async #checkTombstones(): Promise<void> {
    const oldest = new Map<string, number>()
    const view = new RecordView()
    for await (const step of readBatches(this.#disk)) {
      assert.ok(step.type === 'batch')
      let at = step.position + BATCH_HEADER_SIZE
      for (let i = 0; i < step.header.count; i++, at = view.next) {
        view.at(step.bytes, at)
        const key = view.key().toString()
        const offset = step.header.baseOffset + view.offsetDelta
        const first = oldest.get(key) ?? offset
        if (view.kind === KIND.floor) oldest.clear()
        if (view.kind !== KIND.string) continue
        if (view.isTombstone) {
          assert.ok(view.datum <= first, `the tombstone of ${key} names ${view.datum}, a version lies at ${first}`)
          oldest.delete(key)
        } else {
          const hasSince = (view.flags & RECORD_FLAG.since) !== 0
          if (hasSince) assert.ok(view.since <= first, `${key} is said to begin at ${view.since}, it does at ${first}`)
          oldest.set(key, first)
        }
      }
    }
  }
}

/** A whole life: the steps, one after the other, and at its end a restart; everything is compared, and no file is left open. */
export async function playAll(steps: readonly Step[], options: Partial<LogOptions>): Promise<void> {
  const player = await KeyspacePlayer.open(new SimDisk({ isQuick: true }), options)
  for (const it of steps) await player.play(it)
  await player.compare()
  await player.play({ op: 'reopen', handing: 'once', losing: 0 })
  await player.compare()
  await player.close()
}

async function replayTwice(keyspace: Keyspace, record: ReplayedRecord): Promise<void> {
  await keyspace.replay(record)
  await keyspace.replay(record)
}

/** Keys that steps speak of are numbered below this. */
export const KEY_COUNT = 12

function nameOf(key: number): string {
  return `key:${key}`
}
