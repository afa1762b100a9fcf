/**
 * Races the hash index against a JS `Map` of strings -> number, and measures its memory and its longest pause.
 *
 *   node dist/bench/micro/hash-index.js [count]     time of each operation at `count` keys (1,000,000)
 *   node dist/bench/micro/hash-index.js --large     bytes a key and pauses at 8, 10 and 13 million keys, index only
 *
 * Both start from key bytes, as a command does: the index hashes them, the Map needs a string (latin1) of them. Neither
 * compares the stored key's bytes in the log; the Map compares strings inside. Run it on a quiet machine.
 */
import { HashIndex } from '../../segments/hash-index.js'
import { KeyHasher } from '../../segments/key-hash.js'

const KEY_SIZE = 16
const COUNT = 1_000_000
const LARGE_COUNTS = [8_000_000, 10_000_000, 13_000_000]
const MIB = 2 ** 20

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** `count` keys of {@link KEY_SIZE} bytes in a row, in an order that has nothing to do with their number. */
function makeKeys(count: number, letter: string): Buffer {
  const keys = Buffer.alloc(count * KEY_SIZE, `${letter}:00000000000000`, 'latin1')
  for (let i = 0; i < count; i++) {
    let number = Math.imul(i, 0x9e37_79b1) >>> 0
    for (let at = (i + 1) * KEY_SIZE - 1; number > 0; at--) {
      keys[at] = 48 + (number % 10)
      number = Math.floor(number / 10)
    }
  }
  return keys
}

type Step = (keys: Buffer, count: number) => number

/** Runs a step and tells ns a key. `expected` is what the step returns when it works: no race between wrong answers. */
function time(step: Step, keys: Buffer, count: number, expected: number): number {
  const start = process.hrtime.bigint()
  const result = step(keys, count)
  const ns = Number(process.hrtime.bigint() - start) / count
  if (result !== expected) throw new Error(`${step.name} gave ${result}, not ${expected}`)
  return ns
}

function indexSteps(index: HashIndex, hasher: KeyHasher): Record<string, Step> {
  return {
    insert(keys, count) {
      for (let i = 0; i < count; i++) {
        hasher.hash(keys, i * KEY_SIZE, (i + 1) * KEY_SIZE)
        if (index.seek(hasher.hi, hasher.lo)) index.update(0, i, 0)
        else index.insert(hasher.hi, hasher.lo, 0, i, 0)
      }
      return index.count
    },
    find(keys, count) {
      let found = 0
      for (let i = 0; i < count; i++) {
        hasher.hash(keys, i * KEY_SIZE, (i + 1) * KEY_SIZE)
        if (index.seek(hasher.hi, hasher.lo) && index.position === i) found++
      }
      return found
    },
    remove(keys, count) {
      for (let i = 0; i < count; i++) {
        hasher.hash(keys, i * KEY_SIZE, (i + 1) * KEY_SIZE)
        if (index.seek(hasher.hi, hasher.lo)) index.remove()
      }
      return index.count
    },
  }
}

function mapSteps(map: Map<string, number>): Record<string, Step> {
  return {
    insert(keys, count) {
      for (let i = 0; i < count; i++) map.set(keys.toString('latin1', i * KEY_SIZE, (i + 1) * KEY_SIZE), i)
      return map.size
    },
    find(keys, count) {
      let found = 0
      for (let i = 0; i < count; i++)
        if (map.get(keys.toString('latin1', i * KEY_SIZE, (i + 1) * KEY_SIZE)) === i) found++
      return found
    },
    remove(keys, count) {
      for (let i = 0; i < count; i++) map.delete(keys.toString('latin1', i * KEY_SIZE, (i + 1) * KEY_SIZE))
      return map.size
    },
  }
}

function race(count: number): void {
  const keys = makeKeys(count, 'k')
  const strangers = makeKeys(count, 's')
  const hasher = new KeyHasher(1, 2)
  const rivals: [string, () => Record<string, Step>][] = [
    ['hash index', () => indexSteps(new HashIndex(), hasher)],
    ['Map', () => mapSteps(new Map())],
  ]
  // Once for the compiler.
  for (const [, make] of rivals) runSteps(make(), keys, strangers, Math.min(count, 100_000))
  const hashNs = time(hashOnly(hasher), keys, count, count)
  print(`${count} keys of ${KEY_SIZE} bytes, ns a key; hashing alone: ${hashNs.toFixed(0)}`)
  print(['', 'insert', 'hit', 'miss', 'delete'].map((head) => head.padStart(11)).join(''))
  for (const [name, make] of rivals) {
    const row = runSteps(make(), keys, strangers, count)
    print(name.padEnd(11) + row.map((ns) => ns.toFixed(0).padStart(11)).join(''))
  }
}

function hashOnly(hasher: KeyHasher): Step {
  return (keys, count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      hasher.hash(keys, i * KEY_SIZE, (i + 1) * KEY_SIZE)
      sum ^= hasher.lo
    }
    return sum === 0x7fff_ffff ? -1 : count
  }
}

function runSteps(steps: Record<string, Step>, keys: Buffer, strangers: Buffer, count: number): number[] {
  return [
    time(steps['insert']!, keys, count, count),
    time(steps['find']!, keys, count, count),
    time(steps['find']!, strangers, count, 0),
    time(steps['remove']!, keys, count, 0),
  ]
}

/** Fills an index to 13 million keys; the longest pause is that of one insert, with whatever collection of garbage it met. */
function measureLarge(): void {
  const keys = Buffer.alloc(KEY_SIZE, 'k:00000000000000', 'latin1')
  const hasher = new KeyHasher(1, 2)
  const residentBefore = process.memoryUsage.rss()
  const index = new HashIndex()
  let longestMs = 0
  let slow = 0
  const start = performance.now()
  let inserted = 0
  print('       keys  bytes a key  resident a key  longest insert ms  inserts over 1 ms  seconds')
  for (const count of LARGE_COUNTS) {
    for (; inserted < count; inserted++) {
      keys.writeUInt32LE(inserted, 8)
      const before = performance.now()
      hasher.hash(keys, 0, KEY_SIZE)
      if (!index.seek(hasher.hi, hasher.lo)) index.insert(hasher.hi, hasher.lo, 0, inserted, 0)
      const ms = performance.now() - before
      if (ms > longestMs) longestMs = ms
      if (ms > 1) slow++
    }
    const resident = process.memoryUsage.rss() - residentBefore
    print(
      String(index.count).padStart(11) +
        (index.byteSize / index.count).toFixed(2).padStart(13) +
        (resident / index.count).toFixed(2).padStart(16) +
        longestMs.toFixed(2).padStart(19) +
        String(slow).padStart(19) +
        ((performance.now() - start) / 1000).toFixed(1).padStart(9),
    )
  }
  print(`index: ${(index.byteSize / MIB).toFixed(0)} MiB`)
}

const argument = process.argv[2] ?? String(COUNT)
if (argument === '--large') {
  measureLarge()
} else {
  const count = Number(argument)
  if (!Number.isInteger(count) || count < 1 || count > 16_000_000) {
    process.stderr.write('usage: hash-index.js [count up to 16000000 | --large]\n')
    process.exitCode = 2
  } else {
    race(count)
  }
}
