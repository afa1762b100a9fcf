import { FlinError, KEY_SIZE_MAX, type Place } from '../../segments/index.js'
import { ColdRead } from '../models/cold.js'
import type { Keyspace } from '../models/keyspace.js'
import { Args } from '../protocol/resp/args.js'
import type { ReplyWriter } from '../protocol/resp/reply-writer.js'
import { ERR, ReplyError, type Command, type CommandFlag, type Context, type Subcommand } from './command.js'
import { fullName, timingWeight } from './command-stats.js'
import { findSubcommand } from './container.js'
import { errorText } from './error-text.js'
import { checkKeySizes, collectCold } from './keys-of.js'
import { REPLY_GOES_ON } from './partial-reply.js'
import { leaveOut } from './reply-mode.js'
import type { ServerView } from './server-view.js'
import type { Session } from './session.js'
import { abortExec, exec } from './transactions/exec.js'
import { enqueue, QUEUE_SIZE_MAX, queueFault } from './transactions/queue.js'

const NOTHING_TO_LOAD: readonly Place[] = []

/**
 * Runs one request after the other: finds the command, checks its arguments, queues it inside MULTI, turns failures into
 * error replies. A request either runs whole and replies once, or has no effect and asks for places to be loaded; or it waits, and
 * BlockedClients see to its reply.
 */
export class Dispatcher {
  readonly #keyspace: Keyspace
  readonly #server: ServerView
  readonly #queueSizeMax: number
  #shared: Context | null = null

  /** @param queueSizeMax bytes of memory that the queue of one transaction may take */
  constructor(keyspace: Keyspace, server: ServerView, queueSizeMax = QUEUE_SIZE_MAX) {
    this.#keyspace = keyspace
    this.#server = server
    this.#queueSizeMax = queueSizeMax
  }

  /**
   * Runs a request and writes its reply. Returns the places to load before it is run again, null when it has run. When it has
   * to be run again and has replied nevertheless, that is a part of its reply.
   * `keyspace.gate` tells what the reply must wait for.
   */
  run(session: Session, args: Args, reply: ReplyWriter): readonly Place[] | null {
    const mark = reply.length
    this.#keyspace.gate = 0
    const command = this.#server.registry.find(args, 0)
    const places =
      command === undefined ? this.#refuseUnknown(session, args, reply) : this.#run(session, command, args, reply)
    if (session.replyMode !== 'on' && places === null && session.wait === null) {
      leaveOut(session, reply, isMessage(session, command) ? reply.length : mark)
    }
    return places
  }

  #refuseUnknown(session: Session, args: Args, reply: ReplyWriter): null {
    session.lastCommand = ''
    if (isHttp(args)) session.destroy()
    else this.#refuse(session, reply, unknown(args))
    return null
  }

  #run(session: Session, command: Command, args: Args, reply: ReplyWriter): readonly Place[] | null {
    const keyspace = this.#keyspace
    const { stats } = this.#server
    const { arity } = command
    session.lastCommand = command.name
    let fault = (arity > 0 ? args.count !== arity : args.count < -arity) ? ERR.arity(command.name) : null
    let { flags } = command
    let counts = stats.of(command)
    if (fault === null && command.subcommands !== undefined && args.count > 1) {
      const found = findSubcommand(command.subcommands, args, 1)
      fault = subcommandFault(command, found, args)
      if (found === undefined) {
        // Redis knows no such command then, and counts the error alone.
        session.lastCommand = ''
        this.#refuse(session, reply, fault!)
        return null
      }
      session.lastCommand = fullName(command, found)
      flags = found.flags
      counts = stats.ofSubcommand(command, found)
    }
    if (!session.authenticated && fault === null && !flags.includes('no_auth')) fault = ERR.noAuth
    if (session.subscriber !== null && fault === null && isRefused(session, flags))
      fault = ERR.subscribed(session.lastCommand)
    const isQueued = session.queue !== null && !flags.includes('immediate')
    if (isQueued && fault === null && flags.includes('no_multi')) fault = ERR.noMulti
    fault ??= keyFault(command, flags, args)
    if (isQueued) fault ??= queueFault(session, args, this.#queueSizeMax)
    if (fault !== null) {
      counts.rejected++
      if (command === exec) this.error(reply, abortExec(session, keyspace, fault))
      else this.#refuse(session, reply, fault)
      return null
    }
    if (isQueued) {
      enqueue(session, command, args)
      reply.queued()
      return null
    }
    const context = this.#contextOf(session, reply)
    const mark = reply.length
    const weight = timingWeight(counts)
    const began = weight === 0 ? 0 : performance.now()
    keyspace.command = command.code
    keyspace.countsLookups = !flags.includes('write')
    try {
      if (keyspace.log.hasCold) loadFirst(keyspace, command, args)
      command.run(context, args)
    } catch (error) {
      if (error === REPLY_GOES_ON) return NOTHING_TO_LOAD
      reply.truncate(mark)
      if (error instanceof ColdRead) return error.places
      // What it had begun ends with it.
      session.walk = null
      if (!(error instanceof ReplyError || error instanceof FlinError)) throw error
      counts.failed++
      this.error(reply, errorText(error))
    }
    stats.countCall(counts, weight, began)
    return null
  }

  /** Replies with an error, which is counted. */
  error(reply: ReplyWriter, text: string): void {
    this.#server.stats.countError(text)
    reply.error(text)
  }

  #refuse(session: Session, reply: ReplyWriter, text: string): void {
    if (session.queue !== null) session.queueFailed = true
    this.error(reply, text)
  }

  #contextOf(session: Session, reply: ReplyWriter): Context {
    const shared = (this.#shared ??= { keyspace: this.#keyspace, server: this.#server, session, reply })
    shared.session = session
    shared.reply = reply
    return shared
  }

  /** Ends a request whose records cannot be read with an error. Of a transaction nothing has run then, nor will it. */
  fail(session: Session, args: Args, reply: ReplyWriter, text: string): void {
    session.walk = null
    const isExec = session.queue !== null && this.#server.registry.find(args, 0) === exec
    this.error(reply, isExec ? abortExec(session, this.#keyspace, text) : text)
  }
}

/** Why a command may be neither run nor queued: it would write some of its keys before it met one that no record can hold. */
function keyFault(command: Command, flags: readonly CommandFlag[], args: Args): string | null {
  const { starts, ends, count } = args
  if (ends[count - 1]! - starts[0]! <= KEY_SIZE_MAX || !flags.includes('denyoom')) return null
  try {
    checkKeySizes(command, args)
    return null
  } catch (error) {
    if (error instanceof FlinError) return errorText(error)
    throw error
  }
}

/** What tells of subscriptions is a message, and no reply. */
function isMessage({ queue }: Session, command: Command | undefined): boolean {
  const flags = command?.flags ?? []
  return queue === null && flags.includes('pubsub') && flags.includes('subscriber')
}

/** In RESP2 nobody could tell a reply from a message. */
function isRefused({ subscriber, protocol }: Session, flags: readonly CommandFlag[]): boolean {
  return subscriber?.isSubscribed === true && protocol === 2 && !flags.includes('subscriber')
}

/** What is wrong with a command's subcommand; null: nothing. */
function subcommandFault(command: Command, found: Subcommand | undefined, args: Args): string | null {
  if (found === undefined) return ERR.subcommand(args.text(0), args.text(1))
  const { name, arity } = found
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

function unknown(args: Args): string {
  const name = args.text(0).slice(0, 128)
  let given = ''
  for (let i = 1; i < args.count && given.length < 128; i++) given += `'${args.text(i).slice(0, 128 - given.length)}' `
  return `ERR unknown command '${name}', with args beginning with: ${given}`
}
