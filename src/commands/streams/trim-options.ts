import { Trim, TRIM_LIMIT } from '../../models/streams/trim.js'
import { StreamId } from '../../models/streams/stream-id.js'
import type { Args } from '../../protocol/resp/args.js'
import { ERR, ReplyError } from '../command.js'
import { integerArgument } from '../arguments.js'
import { idArgument, newIdArgument } from './id-text.js'

const STAR = 42
const TILDE = 126
const EQUALS = 61

/** Whether one of the arguments is DELREF, which makes trimming write more. Fields may be: then more is foreseen than is written. */
export function mayDeleteReferences(args: Args): boolean {
  for (let i = 2; i < args.count; i++) if (args.equalsIgnoreCase(i, 'DELREF')) return true
  return false
}

/** What stands before the fields of XADD, or behind the key of XTRIM; parsed into one object, for XADD is hot. */
export class AddOptions {
  readonly trim = new Trim()
  /** Whether a stream that is not there stays so. */
  noMkStream = false
  /** Whether the whole id is chosen, or its seq. */
  choosesId = true
  choosesSeq = false
  readonly id = new StreamId()
  #isLimitGiven = false
  #areReferencesGiven = false

  #reset(): void {
    this.trim.strategy = 'none'
    this.trim.isApproximate = false
    this.trim.limit = 0
    this.trim.references = 'keep'
    this.noMkStream = this.choosesSeq = this.#isLimitGiven = this.#areReferencesGiven = false
    this.choosesId = true
  }

  /**
   * `[NOMKSTREAM] [KEEPREF | DELREF | ACKED] [MAXLEN | MINID ["=" | "~"] threshold [LIMIT count]] id`, the options in any order. Returns the argument that the id is, or would be.
   * @param from the first argument of these
   * @throws ReplyError
   */
  parseAdd(args: Args, from: number): number {
    this.#reset()
    let i = from
    for (; i < args.count; i++) {
      if (isOneByte(args, i, STAR)) break
      const next = this.#parseTrim(args, i)
      if (next > 0) i = next
      else if (args.equalsIgnoreCase(i, 'NOMKSTREAM')) this.noMkStream = true
      else {
        this.choosesId = false
        this.choosesSeq = !newIdArgument(args, i, this.id)
        break
      }
    }
    if (i === from) return i
    this.#checkStrategy()
    this.#checkLimit()
    return i
  }

  /** `MAXLEN | MINID ["=" | "~"] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]`, in any order. @throws ReplyError */
  parseTrim(args: Args): void {
    this.#reset()
    for (let i = 2; i < args.count; i++) {
      i = this.#parseTrim(args, i)
      if (i === 0) throw new ReplyError(ERR.syntax)
    }
    this.#checkStrategy()
    if (this.trim.strategy === 'none') {
      throw new ReplyError('ERR syntax error, XTRIM must be called with a trimming strategy')
    }
    this.#checkLimit()
  }

  /** An option about trimming at argument `i`: returns its last argument; 0 where there is none. */
  #parseTrim(args: Args, i: number): number {
    const { trim } = this
    if (this.#parseReferences(args, i)) return i
    if (i + 1 >= args.count) return 0
    const isMaxLen = args.equalsIgnoreCase(i, 'MAXLEN')
    if (isMaxLen || args.equalsIgnoreCase(i, 'MINID')) {
      if (trim.strategy !== 'none') {
        throw new ReplyError('ERR syntax error, MAXLEN and MINID options at the same time are not compatible')
      }
      let at = i + 1
      trim.isApproximate = at + 1 < args.count && isOneByte(args, at, TILDE)
      if (trim.isApproximate || (at + 1 < args.count && isOneByte(args, at, EQUALS))) at++
      if (isMaxLen) {
        trim.maxLen = integerArgument(args, at)
        if (trim.maxLen < 0) throw new ReplyError('ERR The MAXLEN argument must be >= 0.')
      } else idArgument(args, at, trim.minId)
      trim.strategy = isMaxLen ? 'maxlen' : 'minid'
      return at
    }
    if (!args.equalsIgnoreCase(i, 'LIMIT')) return 0
    trim.limit = integerArgument(args, i + 1)
    if (trim.limit < 0) throw new ReplyError('ERR The LIMIT argument must be >= 0.')
    this.#isLimitGiven = true
    return i + 1
  }

  /** Whether argument `i` says what becomes of what groups have pending. @throws ReplyError when that has been said */
  #parseReferences(args: Args, i: number): boolean {
    const { trim } = this
    if (args.equalsIgnoreCase(i, 'ACKED')) trim.references = 'acked'
    else if (args.equalsIgnoreCase(i, 'DELREF')) trim.references = 'delete'
    else if (args.equalsIgnoreCase(i, 'KEEPREF')) trim.references = 'keep'
    else return false
    if (this.#areReferencesGiven) throw new ReplyError(ERR.syntax)
    this.#areReferencesGiven = true
    return true
  }

  #checkStrategy(): void {
    if (this.trim.limit > 0 && this.trim.strategy === 'none') {
      throw new ReplyError('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy')
    }
  }

  #checkLimit(): void {
    const { trim } = this
    if (this.#isLimitGiven && !trim.isApproximate) {
      throw new ReplyError('ERR syntax error, LIMIT cannot be used without the special ~ option')
    }
    if (!this.#isLimitGiven && trim.isApproximate) trim.limit = TRIM_LIMIT
  }
}

function isOneByte(args: Args, i: number, byte: number): boolean {
  return args.size(i) === 1 && args.buf[args.starts[i]!] === byte
}
