import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walkRecords, type LogOptions } from '../../../../segments/index.js'
import { linsert } from '../../../../src/commands/lists/linsert.js'
import { sumState } from '../../../../src/models/digest.js'
import { CommandLog } from '../../../helpers/command-log.js'
import { runAt } from '../../../helpers/compactions.js'
import { Random } from '../../../helpers/random.js'
import { SimDisk } from '../../../helpers/sim-disk.js'
import { WeakHasher } from '../../../helpers/weak-hasher.js'

const KEYS = ['l0', 'l1', 'l2']
const VALUES = ['a', 'b', 'c', 'd', 'e'.repeat(300)]

/** Lists as arrays, changed by the same requests. */
class NaiveLists {
  readonly lists = new Map<string, string[]>()

  run([name, key, ...args]: readonly string[]): void {
    if (name === 'FLUSHALL') this.lists.clear()
    const list = this.lists.get(key ?? '')
    const items = list ?? []
    if (name === 'RPUSH') items.push(...args)
    else if (name === 'LPUSH') items.unshift(...args.reverse())
    else if (name === 'LPOP') items.splice(0, Number(args[0]))
    else if (name === 'RPOP') items.splice(Math.max(0, items.length - Number(args[0])))
    else if (name === 'LSET') {
      if (items.at(Number(args[0])) !== undefined) items.splice(Number(args[0]), 1, args[1]!)
    } else if (name === 'LINSERT') this.#insert(items, args)
    else if (name === 'LREM') this.#remove(items, Number(args[0]), args[1]!)
    else if (name === 'LTRIM') {
      const to = Number(args[1])
      this.lists.set(key!, items.slice(Number(args[0]), to === -1 ? undefined : to + 1))
    } else if (name === 'LMOVE') this.#move(items, args[0]!, args[1]!, args[2]!)
    else if (name === 'DEL') items.length = 0
    else if (name === 'RENAME' && list !== undefined && args[0] !== key) {
      this.lists.set(args[0]!, [...items])
      items.length = 0
    } else if (name === 'COPY' && list !== undefined && args[0] !== key) this.lists.set(args[0]!, [...items])
    if (list === undefined && items.length > 0) this.lists.set(key!, items)
    for (const [it, all] of this.lists) if (all.length === 0) this.lists.delete(it)
  }

  #insert(items: string[], [where, pivot, value]: readonly string[]): void {
    const index = items.indexOf(pivot!)
    if (index >= 0) items.splice(where === 'AFTER' ? index + 1 : index, 0, value!)
  }

  #remove(items: string[], count: number, value: string): void {
    for (let left = count === 0 ? Infinity : Math.abs(count); left > 0; left--) {
      const index = count < 0 ? items.lastIndexOf(value) : items.indexOf(value)
      if (index < 0) return
      items.splice(index, 1)
    }
  }

  #move(items: string[], to: string, from: string, where: string): void {
    const value = from === 'LEFT' ? items.shift() : items.pop()
    if (value === undefined) return
    const target = this.lists.get(to) ?? []
    this.lists.set(to, target)
    if (where === 'LEFT') target.unshift(value)
    else target.push(value)
  }
}

function requestsOf(random: Random): string[][] {
  const key = random.pick(KEYS)
  const value = (): string => random.pick(VALUES)
  const values = (): string[] => Array.from({ length: 1 + random.below(4) }, value)
  const roll = random.below(100)
  if (roll < 20) return [[random.pick(['RPUSH', 'LPUSH']), key, ...values()]]
  if (roll < 32) return [[random.pick(['LPOP', 'RPOP']), key, String(1 + random.below(3))]]
  if (roll < 42) return [['LSET', key, String(random.below(6) - 3), value()]]
  if (roll < 60) return [['LINSERT', key, random.pick(['BEFORE', 'AFTER']), value(), value()]]
  // So often at one place that others have to make room.
  if (roll < 62) {
    const where = random.pick(['BEFORE', 'AFTER'])
    const crowd = Array.from({ length: 70 }, () => ['LINSERT', key, where, 'pivot', random.pick(['a', 'b'])])
    return [['RPUSH', key, 'a', 'pivot', 'b'], ...crowd]
  }
  if (roll < 68) return [['LINSERT', key, 'AFTER', value(), 'pivot']]
  if (roll < 74) return [['LREM', key, String(random.below(5) - 2), value()]]
  if (roll < 78) return [['LTRIM', key, String(random.below(3)), random.pick(['-1', '30'])]]
  if (roll < 90)
    return [['LMOVE', key, random.pick(KEYS), random.pick(['LEFT', 'RIGHT']), random.pick(['LEFT', 'RIGHT'])]]
  if (roll < 92) return [['DEL', key]]
  if (roll < 95) return [['RENAME', key, random.pick(KEYS)]]
  if (roll < 98) return [['COPY', key, random.pick(KEYS), 'REPLACE']]
  return random.chance(0.2) ? [['FLUSHALL']] : [['SET', 'string', value()]]
}

async function same(log: CommandLog, naive: NaiveLists): Promise<void> {
  for (const key of KEYS) {
    const expected = naive.lists.get(key) ?? []
    assert.deepEqual(await log.run('LRANGE', key, '0', '-1'), expected, key)
    assert.equal(await log.run('LLEN', key), expected.length)
    assert.equal(await log.run('EXISTS', key), expected.length > 0 ? 1 : 0)
  }
}

/** Items that were given another order. */
async function countRenumbered(disk: SimDisk, { log }: CommandLog): Promise<number> {
  let count = 0
  await walkRecords(disk, log, (_, view) => {
    if (view.isTombstone && view.command === linsert.code) count++
  })
  return count
}

for (const [name, options] of Object.entries<Partial<LogOptions>>({
  '': {},
  ', while keys collide': { keyHasher: (seed0, seed1) => new WeakHasher(seed0, seed1) },
})) {
  test(`lists are what arrays are, whatever is compacted, replayed once or twice${name}`, async () => {
    let coldRuns = 0
    let renumberings = 0
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed)
      const disk = new SimDisk({ isQuick: true })
      const small = { segmentSize: 4096, cacheSize: random.pick([3, 8, 30]) * 4096, ...options }
      const log = await CommandLog.open(disk, small)
      const plainDisk = new SimDisk({ isQuick: true })
      const plain = await CommandLog.open(plainDisk, small)
      const naive = new NaiveLists()
      for (let step = 0; step < 150; step++) {
        for (const request of requestsOf(random)) {
          assert.deepEqual(await log.run(...request), await plain.run(...request), request.join(' '))
          naive.run(request)
        }
        if (random.chance(0.1)) {
          await log.flush()
          await plain.flush()
        }
        if (random.chance(0.1)) await log.compact(random.pick([undefined, runAt(random.next(), 1 + random.below(4))]))
        if (random.chance(0.05)) {
          await log.reopen(random.pick([1, 2]))
          await plain.reopen()
          assert.equal(await log.digest(), await plain.digest(), `seed ${seed}, step ${step}`)
        }
        if (random.chance(0.1)) await same(log, naive)
      }
      await same(log, naive)
      await log.compact()
      assert.equal(await log.digest(), await plain.digest())
      await log.reopen()
      await same(log, naive)
      assert.equal(await log.digest(), await plain.digest())
      // It hashes the keys by itself.
      if (name === '') assert.equal((await sumState(disk, log.keyspace)).digest, await plain.digest())
      renumberings += await countRenumbered(plainDisk, plain)
      coldRuns += log.coldRuns
      await log.close()
      await plain.close()
    }
    assert.ok(coldRuns > 20, `${coldRuns} runs found something cold`)
    assert.ok(renumberings > 50, `${renumberings} items made room for others`)
  })
}
