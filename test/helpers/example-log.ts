import { Log, type Disk, type LogOptions } from '../../segments/index.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { RECORD_OVERHEAD } from '../../src/models/kinds.js'

/** 2026-01-01T00:00:00Z */
const BEGAN_MS = 1_767_225_600_000

const CODE = { set: 16, del: 21 } as const

/**
 * Writes the log that segments/FORMAT.md takes apart, and that the tests of the tools look into: the clock and the random
 * bytes are always the same, so the files are, too.
 *
 *   SET greeting hello EX 100      one batch with two records
 *   DEL greeting                   a second later
 *   (a pause)                      a batch without records
 *   SET big x...                   does not fit: the first segment is sealed
 *   SET greeting "h\xe9\n"
 */
export async function writeExampleLog(place: string | Disk): Promise<void> {
  let now = BEGAN_MS
  let seed = 0xa0
  const options = {
    ...EXAMPLE_OPTIONS,
    now: () => now,
    randomBytes: (size: number) => Buffer.from(Array.from({ length: size }, () => seed++ & 0xff)),
  }
  const log = typeof place === 'string' ? await Log.open(place, options) : await Log.openOn(place, options)
  const keyspace = new Keyspace(log)
  await log.replay((record) => keyspace.replay(record))
  const set = (key: string, value: Buffer, expireMs: number): void => {
    const bytes = Buffer.from(key)
    keyspace.now = log.now()
    keyspace.command = CODE.set
    keyspace.begin(bytes.length + value.length + (expireMs > 0 ? 2 : 1) * RECORD_OVERHEAD)
    keyspace.find(bytes, 0, bytes.length)
    keyspace.put(bytes, 0, bytes.length, value, 0, value.length, expireMs > 0 ? now + expireMs : 0)
  }
  set('greeting', Buffer.from('hello'), 100_000)
  await log.flush()
  now += 1000
  const greeting = Buffer.from('greeting')
  keyspace.command = CODE.del
  keyspace.begin(greeting.length + RECORD_OVERHEAD)
  keyspace.find(greeting, 0, greeting.length)
  keyspace.remove(greeting, 0, greeting.length)
  await log.flush()
  now += 1000
  await log.vouch()
  now += 1000
  set('big', Buffer.alloc(5000, 'x'), 0)
  await log.flush()
  now += 1000
  set('greeting', Buffer.from('h\xe9\n', 'latin1'), 0)
  await log.flush()
  now += 1000
  await log.close()
}

export const EXAMPLE_OPTIONS: LogOptions = {
  fsync: 'always',
  segmentSize: 4096,
  cacheSize: 1 << 20,
  undurableSizeMax: 1 << 20,
  reserveSize: 0,
  diskSizeMax: 0,
  history: 'none',
  memorySizeMax: 0,
  serveDamaged: false,
  readOnly: false,
  now: () => BEGAN_MS + 60_000,
  randomBytes: (size) => Buffer.alloc(size, 7),
  onEvent: () => undefined,
}
