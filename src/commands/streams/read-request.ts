import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError } from '../command.js'
import { integerArgument } from '../arguments.js'
import { integerOr } from './counts.js'

/** What XREAD and XREADGROUP are asked for, before keys and ids are looked at. */
export interface ReadRequest {
  /** Argument that is the first key, and how many there are; behind them as many ids. */
  readonly firstKey: number
  readonly keyCount: number
  /** So many entries a stream at most; 0: all. */
  readonly max: number
  /** How long to wait for entries, in ms, 0: for ever; -1: not at all. */
  readonly timeoutMs: number
  /** Arguments that are the group and the consumer; 0: none are given. */
  readonly group: number
  readonly consumer: number
  readonly noAck: boolean
}

/** `[GROUP group consumer] [COUNT n] [BLOCK ms] [NOACK] STREAMS key... id...`. @throws ReplyError */
export function parseRead(args: Args, isGroup: boolean): ReadRequest {
  let max = 0
  let timeoutMs = -1
  let group = 0
  let noAck = false
  for (let i = 1; i < args.count; i++) {
    const more = args.count - i - 1
    if (more >= 1 && args.equalsIgnoreCase(i, 'BLOCK')) timeoutMs = timeoutArgument(args, ++i)
    else if (more >= 1 && args.equalsIgnoreCase(i, 'COUNT')) max = Math.max(0, integerArgument(args, ++i))
    else if (more >= 1 && args.equalsIgnoreCase(i, 'STREAMS')) {
      if (more % 2 !== 0) {
        throw new ReplyError(
          "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        )
      }
      if (isGroup && group === 0) throw new ReplyError('ERR Missing GROUP option for XREADGROUP')
      return { firstKey: i + 1, keyCount: more / 2, max, timeoutMs, group, consumer: group + 1, noAck }
    } else if (more >= 2 && args.equalsIgnoreCase(i, 'GROUP')) {
      if (!isGroup) throw forGroups('GROUP')
      group = i + 1
      i += 2
    } else if (args.equalsIgnoreCase(i, 'NOACK')) {
      if (!isGroup) throw forGroups('NOACK')
      noAck = true
    } else throw new ReplyError(ERR.syntax)
  }
  throw new ReplyError(ERR.syntax)
}

function forGroups(option: string): ReplyError {
  return new ReplyError(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`)
}

/** Argument `i` as how long to wait, in ms. @throws ReplyError */
export function timeoutArgument(args: Args, i: number): number {
  const timeoutMs = integerOr(args, i, 'ERR timeout is not an integer or out of range')
  if (timeoutMs < 0) throw new ReplyError('ERR timeout is negative')
  return timeoutMs
}

/**
 * Calls `visit` with the number of each argument that is a key: the first half of what follows STREAMS.
 * @param from that word is not looked for before this argument
 */
function forEachStreamKey(args: Args, from: number, visit: (i: number) => void): void {
  let first = from
  while (first < args.count && !args.equalsIgnoreCase(first, 'STREAMS')) first++
  first++
  const count = Math.floor((args.count - first) / 2)
  for (let i = first; i < first + count; i++) visit(i)
}

export function forEachKeyOfRead(args: Args, visit: (i: number) => void): void {
  forEachStreamKey(args, 1, visit)
}

/** As Redis: a group may be named STREAMS. */
export function forEachKeyOfGroupRead(args: Args, visit: (i: number) => void): void {
  forEachStreamKey(args, 4, visit)
}

/** Whether argument `i` is this one character. */
export function isCharacter(args: Args, i: number, character: string): boolean {
  return args.size(i) === 1 && args.buf[args.starts[i]!] === character.charCodeAt(0)
}
