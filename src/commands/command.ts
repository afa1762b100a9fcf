import type { Keyspace } from '../models/keyspace.js'
import type { Args } from '../protocol/resp/args.js'
import type { ReplyWriter } from '../protocol/resp/reply-writer.js'
import type { ServerView } from './server-view.js'
import type { Session } from './session.js'

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'fast'
  | 'loading'
  | 'stale'
  | 'noscript'
  | 'no_auth'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'allow_busy'
  | 'pubsub'
  /** Its request may wait. */
  | 'blocking'
  /** Which arguments are keys is told by the arguments themselves. */
  | 'movablekeys'
  /** May not be part of a transaction. */
  | 'no_multi'
  /** Runs at once also inside MULTI, as EXEC does. Flin's own word: COMMAND does not tell it. */
  | 'immediate'
  /** Writes into the log and changes no key, so that Redis does not call it a write. Flin's own word, too. */
  | 'appends'
  /** May run while the client has subscribed to something in RESP2. Flin's own word, too. */
  | 'subscriber'

/** Flags that COMMAND does not tell. */
const OWN_FLAGS: readonly CommandFlag[] = ['immediate', 'appends', 'subscriber']

/** The flags that Redis knows. */
export function toldFlags(flags: readonly CommandFlag[]): CommandFlag[] {
  return flags.filter((flag) => !OWN_FLAGS.includes(flag))
}

export type CommandGroup =
  'string' | 'list' | 'stream' | 'generic' | 'transactions' | 'connection' | 'server' | 'pubsub' | 'flin'

/** Which arguments are keys: Redis's first, last (negative: from the end), step. */
export interface KeySpec {
  readonly first: number
  readonly last: number
  readonly step: number
}

/** What a command sees: the models, its connection's session, the server's facts, and where to reply. */
export interface Context {
  readonly keyspace: Keyspace
  readonly server: ServerView
  session: Session
  reply: ReplyWriter
}

/** One of the words that may follow a command's name. */
export interface Subcommand {
  /** Lower case. */
  readonly name: string
  /** As a command's: the command's name and the word are counted too. */
  readonly arity: number
  readonly flags: readonly CommandFlag[]
  /** As a command's. */
  readonly keys?: KeySpec
  readonly since: string
  /** What HELP says of it: how it is called, then indented lines. */
  readonly help: readonly string[]
  /** As a command's. */
  readonly run: (context: Context, args: Args) => void
}

/** What a list may be, at most, when a command's turn comes. */
export interface ForeseenList {
  /** Items. */
  readonly count: number
  /** Bytes that the record of an item takes. */
  readonly itemSize: number
  /** Notes that it may get so many items more, of at most this size. */
  mayGrow: (count: number, itemSize: number) => void
  /** Notes that one item may be inserted between others; says whether all of them may have to be written again to make room. */
  mayInsert: () => boolean
}

/** So many of the items that a list has are read, or moved, from its beginning and from its end. */
export interface ItemRange {
  readonly left: number
  readonly right: number
}

/** Dead-letter streams that a stream may have when a command's turn comes, by their keys, a character a byte. */
export interface ForeseenLetters {
  readonly keys: Set<string>
  /** Bytes that the name of a group or a consumer has at most, as far as the stream has them now. */
  nameSizeMax: number
  /** Bytes that the record of an entry takes at most, as far as the stream has them now, or may have been given by others. */
  entrySizeMax: number
}

/** What a transaction may have made of keys when a command's turn comes, before its first command has run. */
export interface Foresight {
  /** Bytes that a value may have: what would get longer is refused when it runs. */
  readonly valueSizeMax: number
  /** Bytes that the value of the key in argument `i` has at most. */
  sizeOf: (args: Args, i: number) => number
  /** Notes that the key in argument `i` may be given a value of so many bytes. */
  mayGet: (args: Args, i: number, size: number) => void
  /** What the list of the key in argument `i` may be; its records are the key's value. */
  listOf: (args: Args, i: number) => ForeseenList
  /** Which dead-letter streams the stream of the key in argument `i` may have; it may be given more. */
  lettersOf: (args: Args, i: number) => ForeseenLetters
  /**
   * Notes that so many entries of the stream of the key in argument `i` may go to its dead-letter stream, if it has one. Returns how
   * many bytes that takes at most.
   */
  mayDeadLetter: (args: Args, i: number, count: number) => number
  /** Notes that the key in argument `to` may be given what the one in argument `from` has. */
  mayTake: (args: Args, from: number, to: number) => void
}

/** A command is one object in a file of its own; tools and docs read it from the registry. */
export interface Command {
  /** Lower case. */
  readonly name: string
  /** Stands in the log beside every record that the command causes. Never changed, never reused. From 16 on. */
  readonly code: number
  /** Number of arguments with the name; negative: at least so many. */
  readonly arity: number
  readonly flags: readonly CommandFlag[]
  readonly keys?: KeySpec
  /** Which of its arguments Redis's COMMAND INFO tells of as keys, though they are channels. */
  readonly toldKeys?: KeySpec
  /** Calls `visit` with the number of each argument that is a key, where these do not stand in fixed places. */
  readonly findKeys?: (args: Args, visit: (i: number) => void) => void
  readonly group: CommandGroup
  /** The Redis version, or the Flin version, that brought it. */
  readonly since: string
  readonly summary: string
  /** Where it differs from Redis 7.0 on purpose, in a sentence; for the table of commands. */
  readonly differs?: string
  /** What the first argument may be; it is looked at before the command runs, or is queued. */
  readonly subcommands?: readonly Subcommand[]
  /** It looks at keys that its arguments do not name. */
  readonly isWalk?: true
  /** Runs against the state as it is now. Looks up before it writes; replies exactly once, or waits: see waitFor(). */
  readonly run: (context: Context, args: Args) => void
  /**
   * Checks what must hold before a transaction begins; throws or replies nothing. Only for preconditions whose failure
   * aborts a whole EXEC.
   */
  readonly precondition?: (context: Context, args: Args) => void
  /**
   * Within a transaction, before its first command runs: looks at all records that it may have to read beside those of its keys,
   * so that they are loaded. Throws ColdRead only.
   */
  readonly rehearse?: (context: Context, args: Args) => void
  /**
   * How many bytes of values it may write, at most, and tells `foresight` which keys may get longer by it: for commands that
   * write more than their arguments, or a number. Others append each argument once at most, keys three times. A transaction is
   * refused whole when all that its commands may write is too much; they build on each other. Throws nothing: what is wrong
   * with the arguments shows when it runs.
   */
  readonly valuesSize?: (foresight: Foresight, args: Args) => number
  /** Which items it may read, or take away before others are read, of the lists of its keys: a transaction loads them before it begins. */
  readonly itemsRead?: (args: Args) => ItemRange
  /** What the first of its keys has, the second one may have then. */
  readonly passesOn?: true
  /** What it writes gives space back in the end, though it is more than its arguments: it may run on a full disk, too. */
  readonly frees?: true
}

/** Thrown by a command to reply with an error; costs no stack. The text is Redis's, with its code word in front. */
export class ReplyError extends Error {
  constructor(text: string) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(text)
    Error.stackTraceLimit = limit
    this.name = 'ReplyError'
  }
}

export const ERR = {
  syntax: 'ERR syntax error',
  notInteger: 'ERR value is not an integer or out of range',
  noSuchKey: 'ERR no such key',
  noMulti: 'ERR Command not allowed inside a transaction',
  noAuth: 'NOAUTH Authentication required.',
  subscribed: (command: string) =>
    `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  dbIndex: 'ERR DB index is out of range',
  overflow: 'ERR increment or decrement would overflow',
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  invalidExpire: (command: string) => `ERR invalid expire time in '${command}' command`,
  arity: (command: string) => `ERR wrong number of arguments for '${command}' command`,
  subcommand: (command: string, given: string) =>
    `ERR unknown subcommand '${given.slice(0, 128)}'. Try ${command.toUpperCase()} HELP.`,
} as const
