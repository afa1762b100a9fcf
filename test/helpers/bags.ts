import { Log, type Disk, type LogOptions } from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import { stateDigest } from '../../src/models/digest.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { KIND, RECORD_OVERHEAD } from '../../src/models/kinds.js'
import { checkLoaded, copiedSize } from '../../src/models/objects/object-copy.js'
import { replayState } from '../../src/models/replay-state.js'
import { SalvagedKeyspace } from '../../src/models/salvaged-keyspace.js'
import { addTo, BAG, bagOf, takeFrom } from './bag.js'
import { runAt, untilReady } from './compactions.js'
import { smallLogOptions } from './memory-log.js'

/** A keyspace whose keys may have bags, and what commands would do to it. */
export class Bags {
  readonly log: Log
  readonly keyspace: Keyspace

  private constructor(log: Log, keyspace: Keyspace) {
    this.log = log
    this.keyspace = keyspace
  }

  static async open(disk: Disk, options: Partial<LogOptions> = {}): Promise<Bags> {
    const log = await Log.openOn(disk, smallLogOptions({ segmentSize: 4096, cacheSize: 3 * 4096, ...options }))
    const keyspace = options.serveDamaged === true ? new SalvagedKeyspace(log, 2, [BAG]) : new Keyspace(log, 2, [BAG])
    return new Bags(log, await replayState(log, keyspace))
  }

  /** Runs what may have to load records first. */
  run<T>(job: (keyspace: Keyspace) => T): Promise<T> {
    return runLoaded(this.log, () => job(this.keyspace))
  }

  set(name: string, size = 10): Promise<void> {
    const [key, value] = [Buffer.from(name), Buffer.alloc(size, 's')]
    return this.run((keyspace) => {
      keyspace.begin(size + 200)
      keyspace.find(key, 0, key.length)
      keyspace.put(key, 0, key.length, value, 0, value.length, 0)
    })
  }

  /** @param order NaN: a new member. Returns the order of the member; NaN where the key has a string. */
  add(name: string, size = 100, order = NaN): Promise<number> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(size + 400)
      const found = keyspace.find(key, 0, key.length)
      if (found && keyspace.isString) return NaN
      const bag = found ? keyspace.foundObject! : keyspace.createObject(KIND.list, key, 0, key.length)
      const written = addTo(bagOf(bag), keyspace.members, 0, order, Buffer.alloc(size, 'm'))
      keyspace.changed(bag)
      return written
    })
  }

  take(name: string, order: number): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(400)
      if (!keyspace.find(key, 0, key.length) || keyspace.isString) return
      const bag = bagOf(keyspace.foundObject)
      if (!bag.members.has(order)) return
      if (bag.count === 1) keyspace.remove(key, 0, key.length)
      else {
        takeFrom(bag, keyspace.members, 0, order)
        keyspace.changed(bag)
      }
    })
  }

  remove(name: string): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(200)
      if (keyspace.find(key, 0, key.length)) keyspace.remove(key, 0, key.length)
    })
  }

  rename(from: string, to: string): Promise<void> {
    const key = Buffer.from(from + to)
    return this.run((keyspace) => {
      keyspace.begin(600)
      keyspace.find(key, from.length, key.length)
      if (from === to || !keyspace.find(key, 0, from.length) || keyspace.isString) return
      keyspace.moveObject(key, 0, from.length, from.length, key.length)
    })
  }

  copy(from: string, to: string): Promise<void> {
    const key = Buffer.from(from + to)
    return this.run((keyspace) => {
      const isThere = keyspace.find(key, from.length, key.length)
      if (isThere || !keyspace.find(key, 0, from.length) || keyspace.isString) return
      const source = keyspace.foundObject!
      const { expireAt } = keyspace
      checkLoaded(this.log, source)
      keyspace.begin(copiedSize(source) + RECORD_OVERHEAD * 4)
      keyspace.find(key, from.length, key.length)
      keyspace.copyObject(source, key, from.length, key.length, expireAt)
    })
  }

  expire(name: string, expireAt: number): Promise<void> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      keyspace.begin(200)
      if (keyspace.find(key, 0, key.length)) keyspace.expire(key, 0, key.length, expireAt)
    })
  }

  clear(): void {
    this.keyspace.begin(100)
    this.keyspace.clear()
  }

  /** Orders of the members of a key. */
  orders(name: string): Promise<number[]> {
    const key = Buffer.from(name)
    return this.run((keyspace) => {
      if (!keyspace.find(key, 0, key.length)) return []
      return [...bagOf(keyspace.foundObject).members.keys()].sort((a, b) => a - b)
    })
  }

  digest(): Promise<string> {
    return stateDigest(this.keyspace)
  }

  async compact(select = runAt(0, 2)): Promise<void> {
    await untilReady(this.log)
    await this.log.compactNext(this.keyspace.liveness, () => this.log.flush(), false, select)
  }
}
