import { FlinError, KEY_SIZE_MAX, type Place } from '../../segments/index.js'
import { ColdRead } from '../models/cold.js'
import type { Keyspace } from '../models/keyspace.js'
import { Args } from '../protocol/resp/args.js'
import type { ReplyWriter } from '../protocol/resp/reply-writer.js'
import { ERR, ReplyError, type Command, type Context } from './command.js'
import { errorText } from './error-text.js'
import { checkKeySizes, collectCold } from './keys-of.js'
import type { ServerView } from './server-view.js'
import type { Session } from './session.js'
import { abortExec, exec } from './transactions/exec.js'

/** Bytes of memory that the queue of one transaction may take. */
const QUEUE_SIZE_MAX = 1 << 30
/** What a queued command takes beside its bytes: a short one takes mostly that. */
const QUEUED_OVERHEAD = 512
const INDEX_SIZE = 8

/**
 * Runs one request after the other: finds the command, checks its arguments, queues it inside MULTI, turns failures into
 * error replies. A request either runs whole and replies once, or has no effect and asks for places to be loaded.
 */
export class Dispatcher {
  readonly #keyspace: Keyspace
  readonly #server: ServerView
  #shared: Context | null = null
  /** Commands that have run. */
  commandCount = 0

  constructor(keyspace: Keyspace, server: ServerView) {
    this.#keyspace = keyspace
    this.#server = server
  }

  /**
   * Runs a request and writes its reply. Returns the places to load before it is run again, null when it has run.
   * `keyspace.gate` tells what the reply must wait for.
   */
  run(session: Session, args: Args, reply: ReplyWriter): readonly Place[] | null {
    const keyspace = this.#keyspace
    const mark = reply.length
    keyspace.gate = 0
    const command = this.#server.registry.find(args, 0)
    if (command === undefined) {
      if (isHttp(args)) session.destroy()
      else refuse(session, reply, unknown(args))
      return null
    }
    const { arity } = command
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      const text = ERR.arity(command.name)
      if (command === exec) reply.error(abortExec(session, keyspace, text))
      else refuse(session, reply, text)
      return null
    }
    if (command.subcommands !== undefined && args.count > 1) {
      const text = subcommandError(command, args)
      if (text !== null) {
        refuse(session, reply, text)
        return null
      }
    }
    const fault = keyFault(command, args)
    if (fault !== null) {
      refuse(session, reply, fault)
      return null
    }
    if (session.queue !== null && !command.flags.includes('immediate')) {
      enqueue(session, command, args, reply)
      return null
    }
    const context = this.#contextOf(session, reply)
    keyspace.command = command.code
    try {
      if (keyspace.log.hasCold) loadFirst(keyspace, command, args)
      command.run(context, args)
    } catch (error) {
      reply.truncate(mark)
      if (error instanceof ColdRead) return error.places
      if (error instanceof ReplyError || error instanceof FlinError) reply.error(errorText(error))
      else throw error
    }
    this.commandCount++
    return null
  }

  #contextOf(session: Session, reply: ReplyWriter): Context {
    const shared = (this.#shared ??= { keyspace: this.#keyspace, server: this.#server, session, reply })
    shared.session = session
    shared.reply = reply
    return shared
  }

  /** Ends a request whose records cannot be read with an error. Of a transaction nothing has run then, nor will it. */
  fail(session: Session, args: Args, reply: ReplyWriter, text: string): void {
    const isExec = session.queue !== null && this.#server.registry.find(args, 0) === exec
    reply.error(isExec ? abortExec(session, this.#keyspace, text) : text)
  }
}

/** Why a command may be neither run nor queued: it would write some of its keys before it met one that no record can hold. */
function keyFault(command: Command, args: Args): string | null {
  const { starts, ends, count } = args
  if (ends[count - 1]! - starts[0]! <= KEY_SIZE_MAX || !command.flags.includes('denyoom')) return null
  try {
    checkKeySizes(command, args)
    return null
  } catch (error) {
    if (error instanceof FlinError) return errorText(error)
    throw error
  }
}

function refuse(session: Session, reply: ReplyWriter, text: string): void {
  if (session.queue !== null) session.queueFailed = true
  reply.error(text)
}

/** What is wrong with a command's subcommand; null: nothing. */
function subcommandError(command: Command, args: Args): string | null {
  const given = args.text(1)
  const name = given.toLowerCase()
  const found = command.subcommands!.find((it) => it.name === name)
  if (found === undefined) return ERR.subcommand(args.text(0), given)
  const { arity } = found
  const isRight = arity > 0 ? args.count === arity : args.count >= -arity
  return isRight ? null : ERR.arity(`${command.name}|${name}`)
}

/**
 * A web page can make a browser send lines of its choice to any port, as the body of an HTTP request. Its first lines end the
 * connection before any of them is run.
 */
function isHttp(args: Args): boolean {
  return args.equalsIgnoreCase(0, 'POST') || args.equalsIgnoreCase(0, 'HOST:')
}

/** A command over several keys loads all that it lacks at once, and before it has written anything. */
function loadFirst(keyspace: Keyspace, command: Command, args: Args): void {
  if (command.keys === undefined || command.keys.last === command.keys.first) return
  const places: Place[] = []
  collectCold(keyspace, command, args, places)
  if (places.length > 0) throw new ColdRead(places)
}

function enqueue(session: Session, command: Command, args: Args, reply: ReplyWriter): void {
  if (command.flags.includes('no_multi')) {
    refuse(session, reply, 'ERR Command not allowed inside a transaction')
    return
  }
  // The transaction is lost: what comes until EXEC says so need not be kept.
  if (session.queueFailed && session.queueSize <= QUEUE_SIZE_MAX) {
    reply.queued()
    return
  }
  const copy = args.copy()
  session.queueSize += copy.buf.length + copy.count * INDEX_SIZE + QUEUED_OVERHEAD
  if (session.queueSize > QUEUE_SIZE_MAX) {
    session.queueFailed = true
    session.queue = []
    reply.error(`ERR a transaction may hold ${QUEUE_SIZE_MAX} bytes at most`)
    return
  }
  session.queue!.push({ command, args: copy })
  reply.queued()
}

function unknown(args: Args): string {
  const name = args.text(0).slice(0, 128)
  let given = ''
  for (let i = 1; i < args.count && given.length < 128; i++) given += `'${args.text(i).slice(0, 128 - given.length)}' `
  return `ERR unknown command '${name}', with args beginning with: ${given}`
}
