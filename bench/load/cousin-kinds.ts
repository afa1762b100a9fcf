/** What is compared by `npm run bench:cousins`: kinds of requests, in pairs. */
import { ask } from '../../test/helpers/binary-frames.js'
import { frame } from '../../test/helpers/resp-client.js'
import { VALUE_SIZE } from './rows.js'

/** Keys of one MGET, and GETs of one pipeline beside it. */
const MANY = 100
const VALUE = 'x'.repeat(VALUE_SIZE)
const BULK_SIZE = `$${VALUE_SIZE}\r\n${VALUE}\r\n`.length

/** Requests of one kind: all have replies of as many bytes, or, where it says so, of as many lines. */
export interface Kind {
  /** One request; `key` gives another random key at each call. */
  readonly request: (key: () => string) => Buffer
  readonly replySize: number
  readonly countsLines?: true
  /** What a reply begins with. */
  readonly firstByte: number
  /** Operations that one request stands for. */
  readonly operations: number
  /** Requests under way on each connection, where that is not what the command line says. */
  readonly pipeline?: number
  /** The values get longer: they have to be set anew after each run. */
  readonly grows?: true
}

const STATUS = 43
const NUMBER = 58
const BULK = 36
const ARRAY = 42

export const KINDS = {
  set: { request: (key) => frame(['SET', key(), VALUE]), replySize: 5, firstByte: STATUS, operations: 1 },
  get: { request: (key) => frame(['GET', key()]), replySize: BULK_SIZE, firstByte: BULK, operations: 1 },
  append: {
    request: (key) => frame(['APPEND', key(), 'eight by']),
    ...{ replySize: 1, countsLines: true, firstByte: NUMBER, operations: 1, grows: true },
  },
  setrange: {
    request: (key) => frame(['SETRANGE', key(), '16', 'eight by']),
    ...{ replySize: `:${VALUE_SIZE}\r\n`.length, firstByte: NUMBER, operations: 1 },
  },
  getrange: {
    request: (key) => frame(['GETRANGE', key(), '16', '47']),
    ...{ replySize: '$32\r\n'.length + 32 + 2, firstByte: BULK, operations: 1 },
  },
  xadd: {
    request: () => frame(['XADD', 'stream', '*', 'field', VALUE]),
    ...{ replySize: 2, countsLines: true, firstByte: BULK, operations: 1 },
  },
  mget: {
    request: (key) => frame(['MGET', ...Array.from({ length: MANY }, key)]),
    ...{ replySize: `*${MANY}\r\n`.length + MANY * BULK_SIZE, firstByte: ARRAY, operations: MANY, pipeline: 1 },
  },
  gets: {
    request: (key) => frame(['GET', key()]),
    replySize: BULK_SIZE,
    firstByte: BULK,
    operations: 1,
    pipeline: MANY,
  },
  'binary set': { request: (key) => ask.set(key(), VALUE), replySize: 5, firstByte: 0, operations: 1 },
  'binary get': { request: (key) => ask.get(key()), replySize: 5 + VALUE_SIZE, firstByte: 0, operations: 1 },
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof KINDS

/** One kind beside the simple one that it is measured by. */
export interface Cousins {
  readonly id: string
  readonly kind: KindName
  readonly beside: KindName
  /** CPU of the kind over that of the other which is wanted at most. */
  readonly most: number
}

export const COUSINS: readonly Cousins[] = [
  { id: 'APPEND / SET', kind: 'append', beside: 'set', most: 1.15 },
  { id: 'SETRANGE / SET', kind: 'setrange', beside: 'set', most: 1.15 },
  { id: 'XADD / SET', kind: 'xadd', beside: 'set', most: 1.5 },
  { id: 'GETRANGE / GET', kind: 'getrange', beside: 'get', most: 1.15 },
  { id: `MGET of ${MANY} / ${MANY} GETs, a key`, kind: 'mget', beside: 'gets', most: 1.15 },
  { id: 'binary SET / RESP SET', kind: 'binary set', beside: 'set', most: 1 / 1.1 },
  { id: 'binary GET / RESP GET', kind: 'binary get', beside: 'get', most: 1 / 1.1 },
]
