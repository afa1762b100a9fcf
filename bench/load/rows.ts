/** The rows of the load benchmark: what is sent, under which policy, and the floor that Flin is to reach. */

/** When a reply may leave: after the sync, or after the write with a sync every second. */
export type Policy = 'always' | 'everysec'

export interface Row {
  /** What the row is called in tables and what `--only` is matched against. */
  readonly id: string
  readonly policy: Policy
  readonly connections: number
  readonly pipeline: number
  /** The arguments of redis-benchmark that name the test or the command. */
  readonly test: readonly string[]
  /** Another client than redis-benchmark sends this: the file of that name beside this one. It takes no test. */
  readonly client?: 'groups-client' | 'fanout-client'
  /** What is run unmeasured before, as `test`: once, or before every run with as many requests, since the run takes away what it brings. */
  readonly filledBy?: { readonly test: readonly string[]; readonly often: 'once' | 'each run' }
  /** For reads: the pattern of the keys that are loaded first. */
  readonly loads: string | null
  /** Flin's throughput over that of Redis that is wanted; null when only the ceiling is a measure. */
  readonly floor: number | null
  /** The ceiling does not know the command, or is none for such values: it is left out. */
  readonly withoutCeiling?: boolean
  /** Bytes of a value. */
  readonly valueSize: number
  /** Keys are drawn at random from so many. */
  readonly keyCount: number
}

/** Every row: Flin's throughput over that of the ceiling that is wanted. */
export const CEILING_FLOOR = 0.85
/** redis-benchmark draws keys at random from this many, where a row does not say otherwise. */
export const KEY_COUNT = 100_000
export const VALUE_SIZE = 64
/** redis-benchmark puts a number of 12 digits in the place of this. */
export const RANDOM = '__rand_int__'

/** The keys of redis-benchmark's own tests. */
const KEY = `key:${RANDOM}`
const SESSION = `session:${RANDOM}:profile`

interface More {
  readonly connections?: number
  readonly test?: readonly string[]
  readonly loads?: string
  readonly valueSize?: number
  readonly keyCount?: number
  readonly withoutCeiling?: boolean
  readonly client?: Row['client']
  readonly filledBy?: Row['filledBy']
}

function row(name: string, policy: Policy, pipeline: number, floor: number | null, more: More = {}): Row {
  const connections = more.connections ?? 50
  const test = more.test ?? ['-t', name.toLowerCase()]
  const id = `${name} ${policy} P${pipeline} c${connections}`
  const { loads = null, valueSize = VALUE_SIZE, keyCount = KEY_COUNT } = more
  const { withoutCeiling, client, filledBy } = more
  const rest = {
    ...(withoutCeiling === true ? { withoutCeiling } : {}),
    ...(client === undefined ? {} : { client }),
    ...(filledBy === undefined ? {} : { filledBy }),
  }
  return { id, policy, connections, pipeline, test, loads, floor, valueSize, keyCount, ...rest }
}

/** Flin's cache: for small values as large as the ceiling's memory, for others its default. */
export function cacheSizeMib({ valueSize }: Row): number {
  return valueSize > VALUE_SIZE ? 1024 : 256
}

/** A command that the ceiling does not know, over keys that are there, beside its simple cousin: their CPU an operation counts. */
function cousin(name: string, ...args: string[]): Row {
  return row(name, 'always', 16, null, { test: args, loads: KEY, withoutCeiling: true })
}

/** A command of lists or streams, under both policies, without and with a pipeline. */
function ofModel(name: string, more: More): Row[] {
  const all = { ...more, withoutCeiling: true }
  return [
    row(name, 'always', 1, 1.15, all),
    row(name, 'always', 16, 1.8, all),
    row(name, 'everysec', 1, 0.65, all),
    row(name, 'everysec', 16, 0.9, all),
  ]
}

/** What a pop takes away is pushed before each run. */
function popping(name: string): Row[] {
  return ofModel(name, { filledBy: { test: ['-t', 'rpush'], often: 'each run' } })
}

/** SET and GET of larger values. */
function ofSize(name: string, valueSize: number, keyCount: number, floor: number): Row[] {
  const more = { valueSize, keyCount, withoutCeiling: true }
  return [
    row(`SET ${name}`, 'always', 1, floor, { ...more, test: ['-t', 'set'] }),
    row(`SET ${name}`, 'everysec', 1, floor, { ...more, test: ['-t', 'set'] }),
    row(`GET ${name}`, 'always', 1, floor, { ...more, test: ['-t', 'get'], loads: KEY }),
  ]
}

/** All rows, in the order of the table. GET does not depend on the policy. */
export const ROWS: readonly Row[] = [
  row('SET', 'always', 1, 1.15),
  row('SET', 'always', 1, 1.15, { connections: 256 }),
  row('SET', 'always', 16, 1.8),
  row('SET', 'always', 64, 3.5),
  row('SET', 'everysec', 1, 0.65),
  row('SET', 'everysec', 16, 1.3),
  row('SET', 'everysec', 64, 2),
  row('INCR', 'always', 1, 1.15),
  row('INCR', 'always', 1, 1.15, { connections: 256 }),
  row('INCR', 'always', 16, 1.8),
  row('INCR', 'always', 64, 3.5),
  row('INCR', 'everysec', 1, null),
  row('INCR', 'everysec', 16, null),
  row('INCR', 'everysec', 64, null),
  row('GET', 'always', 1, 0.8, { loads: KEY }),
  row('GET', 'always', 16, 0.65, { loads: KEY }),
  row('GET', 'always', 64, 0.8, { loads: KEY }),
  row('MSET10', 'always', 1, 1.3, { test: ['-t', 'mset'] }),
  row('MSET10', 'everysec', 1, 1.3, { test: ['-t', 'mset'] }),
  row('SET session:*:profile', 'always', 16, 1.8, { test: ['SET', SESSION, 'x'.repeat(VALUE_SIZE)] }),
  row('GET session:*:profile', 'always', 16, 0.65, { test: ['GET', SESSION], loads: SESSION }),
  cousin('APPEND', 'APPEND', KEY, 'eight by'),
  cousin('GETRANGE', 'GETRANGE', KEY, '16', '47'),
  cousin('SETRANGE', 'SETRANGE', KEY, '16', 'eight by'),
  row('MGET100', 'always', 1, null, {
    test: ['MGET', ...Array.from({ length: 100 }, () => KEY)],
    loads: KEY,
    withoutCeiling: true,
  }),
  ...ofSize('of 1 KB', 1024, KEY_COUNT, 0.9),
  ...ofSize('of 16 KB', 16 * 1024, 5000, 1),
  ...ofSize('of 1 MB', 1024 * 1024, 100, 1),
  ...ofModel('LPUSH', {}),
  ...ofModel('RPUSH', {}),
  ...popping('LPOP'),
  ...popping('RPOP'),
  row('LRANGE_100', 'always', 1, null, {
    test: ['LRANGE', 'mylist', '0', '99'],
    filledBy: { test: ['-t', 'rpush'], often: 'once' },
    withoutCeiling: true,
  }),
  ...ofModel('XADD', { test: ['XADD', 'mystream', '*', 'field', 'x'.repeat(VALUE_SIZE)] }),
  ...(['always', 'everysec'] as const).flatMap((policy) => [
    row('XREADGROUP of 100 and XACK', policy, 1, 1, {
      client: 'groups-client',
      test: [],
      connections: 8,
      withoutCeiling: true,
    }),
    row('PUBLISH to 100', policy, 16, 1, { client: 'fanout-client', test: [], connections: 4, withoutCeiling: true }),
  ]),
]

/**
 * The rows whose id matches.
 * @throws Error when none does, SyntaxError when the pattern is no regular expression.
 */
export function selectRows(pattern: string | undefined): Row[] {
  const rows = ROWS.filter((row) => pattern === undefined || new RegExp(pattern, 'i').test(row.id))
  if (rows.length === 0) throw new Error(`no row matches ${pattern ?? ''}`)
  return rows
}

/** The key of this number, as redis-benchmark would write it. */
export function keyOf(pattern: string, number: number): string {
  return pattern.replace(RANDOM, String(number).padStart(12, '0'))
}
