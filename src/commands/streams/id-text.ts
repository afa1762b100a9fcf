import { StreamId } from '../../models/streams/stream-id.js'
import { parseInt64, type Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ReplyError } from '../command.js'

/*
 * Ids as text:
 *
 *   id       = ms [ "-" seq ]            ms, seq: 0 to 2^64 - 1
 *   new id   = id | ms "-*" | "*"        XADD
 *   interval = "-" | "+" | id | "(" id   XRANGE and its kin
 */

const MINUS = 45
const PLUS = 43
const STAR = 42
const OPEN = 40
const TWO_32 = 0x1_0000_0000
/** Words below this make ms or seq a safe integer. */
const HIGH_SAFE_MAX = 0x1f_ffff
/** Redis reads no longer ones. */
const TEXT_SIZE_MAX = 127
const U64_MAX = 0xffff_ffff_ffff_ffffn

export const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument'

/**
 * Reads argument `i` as an id.
 * @param missingSeq whether the lowest or the highest one is meant where there is no seq
 * @throws ReplyError when it is none
 */
export function idArgument(args: Args, i: number, id: StreamId, missingSeq: 'lowest' | 'highest' = 'lowest'): StreamId {
  if (!parseId(args.buf, args.starts[i]!, args.ends[i]!, id, missingSeq)) throw new ReplyError(INVALID_ID)
  return id
}

/** Whether argument `i` is an id, which is then in `id`. */
export function isId(args: Args, i: number, id: StreamId): boolean {
  return parseId(args.buf, args.starts[i]!, args.ends[i]!, id, 'lowest')
}

/** Reads argument `i` as an id with or without a seq to be chosen; says whether it has one. @throws ReplyError when it is neither */
export function newIdArgument(args: Args, i: number, id: StreamId): boolean {
  const { buf } = args
  const start = args.starts[i]!
  const end = args.ends[i]!
  const isOpen = end - start > 2 && buf[end - 1] === STAR && buf[end - 2] === MINUS
  // The first dash ends the ms.
  if (!isOpen || buf.indexOf(MINUS, start) !== end - 2) {
    idArgument(args, i, id)
    return true
  }
  if (end - start > TEXT_SIZE_MAX || !parseMs(buf, start, end - 2, id)) throw new ReplyError(INVALID_ID)
  id.setSeq(0)
  return false
}

/** Reads argument `i` as the first id of an interval, as it is or behind the one that is named. @throws ReplyError */
export function intervalStart(args: Args, i: number, id: StreamId): StreamId {
  if (intervalArgument(args, i, id, 'lowest') && !id.increment()) {
    throw new ReplyError('ERR invalid start ID for the interval')
  }
  return id
}

/** Reads argument `i` as the last id of an interval. @throws ReplyError */
export function intervalEnd(args: Args, i: number, id: StreamId): StreamId {
  if (intervalArgument(args, i, id, 'highest') && !id.decrement()) {
    throw new ReplyError('ERR invalid end ID for the interval')
  }
  return id
}

/** Whether the interval begins or ends beside the id, and not with it. */
function intervalArgument(args: Args, i: number, id: StreamId, missingSeq: 'lowest' | 'highest'): boolean {
  const { buf } = args
  const start = args.starts[i]!
  const end = args.ends[i]!
  if (end - start === 1) {
    if (buf[start] === MINUS) {
      id.setZero()
      return false
    }
    if (buf[start] === PLUS) {
      id.setMax()
      return false
    }
  }
  const isBeside = end - start > 1 && buf[start] === OPEN
  if (!parseId(buf, isBeside ? start + 1 : start, end, id, missingSeq)) throw new ReplyError(INVALID_ID)
  return isBeside
}

/** Reads an id; false when there is none. */
export function parseId(
  bytes: Buffer,
  start: number,
  end: number,
  id: StreamId,
  missingSeq: 'lowest' | 'highest',
): boolean {
  if (end - start > TEXT_SIZE_MAX) return false
  let dash = start
  while (dash < end && bytes[dash] !== MINUS) dash++
  if (!parseMs(bytes, start, dash, id)) return false
  if (dash < end) return parseSeq(bytes, dash + 1, end, id)
  if (missingSeq === 'lowest') id.setSeq(0)
  else id.setBigSeq(U64_MAX)
  return true
}

function parseMs(bytes: Buffer, start: number, end: number, id: StreamId): boolean {
  const ms = parseSmall(bytes, start, end)
  if (ms >= 0) {
    id.setMs(ms)
    return true
  }
  const big = parseU64(bytes, start, end)
  if (big === null) return false
  id.setBigMs(big)
  return true
}

function parseSeq(bytes: Buffer, start: number, end: number, id: StreamId): boolean {
  const seq = parseSmall(bytes, start, end)
  if (seq >= 0) {
    id.setSeq(seq)
    return true
  }
  const big = parseU64(bytes, start, end)
  if (big === null) return false
  id.setBigSeq(big)
  return true
}

/** Up to 15 digits, without a string; -1 for everything else. */
function parseSmall(bytes: Buffer, start: number, end: number): number {
  if (start >= end || end - start > 15) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/**
 * As Redis reads them: an int64 that is not negative, or else whatever C's strtoull takes: blanks before it, a sign, zeros; a minus
 * counts from 2^64 down.
 */
function parseU64(bytes: Buffer, start: number, end: number): bigint | null {
  const strict = parseInt64(bytes, start, end)
  if (strict !== null) return strict < 0n ? null : strict
  const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+)$/.exec(bytes.toString('latin1', start, end)) ?? []
  if (digits === undefined) return null
  const value = BigInt(digits)
  if (value > U64_MAX) return null
  return sign === '-' ? BigInt.asUintN(64, -value) : value
}

/** Replies with an id. */
export function replyId(reply: ReplyWriter, id: StreamId): void {
  const { msHigh, msLow, seqHigh, seqLow } = id
  if (msHigh > HIGH_SAFE_MAX || seqHigh > HIGH_SAFE_MAX) reply.bulkText(id.toString())
  else reply.bulkPair(msHigh * TWO_32 + msLow, seqHigh * TWO_32 + seqLow)
}
