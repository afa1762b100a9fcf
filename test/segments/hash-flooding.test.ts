import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HashIndex } from '../../segments/hash-index.js'
import { HashTable } from '../../segments/hash-table.js'
import { KeyHasher } from '../../segments/key-hash.js'

/*
 * Whoever chooses keys may choose ones that collide, if they know the seeds. These are random in every folder, and nobody is
 * told them: keys that were found against one folder are ordinary ones in every other.
 */
const TABLE_BITS = 10
const TRIED = 1_000_000
const SEEDS = [0x1234_5678, -0x6543_2100] as const
const OTHER_SEEDS: readonly (readonly [number, number])[] = [
  [0x1234_5679, -0x6543_2100],
  [0x1234_5678, -0x6543_20ff],
  [0, 0],
]

function hashOf(hasher: KeyHasher, key: string): { hi: number; lo: number } {
  const bytes = Buffer.from(key)
  hasher.hash(bytes, 0, bytes.length)
  return { hi: hasher.hi, lo: hasher.lo }
}

/** Keys that all come to the first table under {@link SEEDS}: as many as an attacker finds by trying a million. */
function chosenKeys(): string[] {
  const hasher = new KeyHasher(...SEEDS)
  const found: string[] = []
  for (let i = 0; i < TRIED; i++) {
    const key = `key:${i}`
    if (hashOf(hasher, key).hi >>> (32 - TABLE_BITS) === 0) found.push(key)
  }
  return found
}

const keys = chosenKeys()

test('keys chosen to crowd one table spread evenly under any other seed', () => {
  assert.ok(keys.length > 800, `${keys.length} keys`)
  for (const seeds of OTHER_SEEDS) {
    const hasher = new KeyHasher(...seeds)
    const tables = new Uint32Array(1 << TABLE_BITS)
    const los = new Uint32Array(64)
    for (const key of keys) {
      const { hi, lo } = hashOf(hasher, key)
      tables[hi >>> (32 - TABLE_BITS)]!++
      los[lo >>> 26]!++
    }
    // About one a table; of random keys one table in ten million has more than ten.
    assert.ok(Math.max(...tables) <= 10, `${Math.max(...tables)} keys in one table`)
    const fair = keys.length / los.length
    const chiSquare = los.reduce((sum, count) => sum + (count - fair) ** 2 / fair, 0)
    assert.ok(chiSquare < 150, `chi square ${chiSquare}`)
  }
})

test('a crowd in one table makes that table large, and no look-up long', () => {
  // More than a million tries bring: as if an attacker had tried a hundred million.
  const COUNT = 100_000
  const hasher = new KeyHasher(...SEEDS)
  const index = new HashIndex({ tableBits: TABLE_BITS })
  const empty = index.byteSize
  const table = new HashTable(0)
  for (let i = 0; i < COUNT; i++) {
    const { hi, lo } = hashOf(hasher, `crowd:${i}`)
    index.insert(hi >>> TABLE_BITS, lo, 0, i, 0)
    table.add(hi >>> TABLE_BITS, lo, 1 << 11, i)
  }
  assert.ok((index.byteSize - empty) / COUNT < 32, `${(index.byteSize - empty) / COUNT} bytes an entry`)
  // The low word alone tells the place in the table, and that is as random as ever.
  let steps = 0
  let longest = 0
  for (let i = 0; i < COUNT; i++) {
    const { hi, lo } = hashOf(hasher, `crowd:${i}`)
    assert.ok(index.seek(hi >>> TABLE_BITS, lo))
    const distance = (table.find(hi >>> TABLE_BITS, lo) - table.home(lo)) / 4
    steps += distance
    longest = Math.max(longest, distance)
  }
  assert.ok(steps / COUNT < 5, `${steps / COUNT} slots a look-up`)
  assert.ok(longest < 200, `${longest} slots at most`)
})
