import fc from 'fast-check'
import { runLoaded } from '../../src/models/cold.js'
import type { Keyspace } from '../../src/models/keyspace.js'

/** What may happen to one of a few keys. */
export type KeyStep =
  { op: 'set'; key: number; size: number; ttl: number } | { op: 'del' | 'expire' | 'persist'; key: number }

export function keySteps(keyMax: number, ttls: readonly number[]): fc.WeightedArbitrary<KeyStep>[] {
  const key = fc.integer({ min: 0, max: keyMax })
  const size = fc.integer({ min: 0, max: 1500 })
  const set = fc.record({ op: fc.constant('set' as const), key, size, ttl: fc.constantFrom(...ttls) })
  // Twice as often as the others.
  const op = fc.constantFrom('del' as const, 'del' as const, 'expire' as const, 'persist' as const)
  return [
    { weight: 20, arbitrary: set },
    { weight: 10, arbitrary: fc.record({ op, key }) },
  ]
}

/** Does it, as a command would; `count` tells the values of one key apart. */
export async function applyKeyStep(keyspace: Keyspace, it: KeyStep, count: number): Promise<void> {
  const name = Buffer.from(`key:${it.key}`)
  await runLoaded(keyspace.log, () => {
    keyspace.begin(4000)
    const found = keyspace.find(name, 0, name.length)
    if (it.op === 'set') {
      const value = Buffer.alloc(it.size, count)
      keyspace.put(name, 0, name.length, value, 0, value.length, it.ttl === 0 ? 0 : keyspace.now + it.ttl)
    } else if (found && it.op === 'del') keyspace.remove(name, 0, name.length)
    else if (found && it.op === 'expire') keyspace.expire(name, 0, name.length, keyspace.now + 1000)
    else if (found && keyspace.expireAt > 0) keyspace.persist(name, 0, name.length)
  })
}
