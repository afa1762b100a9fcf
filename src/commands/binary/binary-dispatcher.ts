import { FlinError, type Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import { KEY_BATCH_SIZE } from '../../models/key-batch.js'
import type { Keyspace } from '../../models/keyspace.js'
import { isToCome } from '../../protocol/binary/opcodes.js'
import { Payload } from '../../protocol/binary/payload.js'
import type { BinaryReplyWriter } from '../../protocol/binary/reply-writer.js'
import type { BinaryRequestStream } from '../../protocol/binary/request-stream.js'
import { ReplyError } from '../command.js'
import { timingWeight, type CommandCounts, type CommandStats } from '../command-stats.js'
import { errorText } from '../error-text.js'
import { binaryMdel, binaryMget, binaryMset } from './batches.js'
import type { BinaryCommand, BinaryContext, BinarySession, BinaryView } from './binary-command.js'
import { AUTHENTICATION_REQUIRED, binaryHello } from './hello.js'
import { binaryDel, binaryExists } from './keys.js'
import { binaryDecr, binaryGet, binaryIncr, binarySet } from './strings.js'

/** Every opcode that is answered. */
export const BINARY_COMMANDS: readonly BinaryCommand[] = [
  ...[binarySet, binaryGet, binaryDel, binaryExists, binaryIncr, binaryDecr],
  ...[binaryHello],
  ...[binaryMset, binaryMget, binaryMdel],
]

/**
 * Runs one binary request after the other. A request either runs whole and replies once, or has no effect and asks for places
 * to be loaded.
 */
export class BinaryDispatcher {
  readonly #keyspace: Keyspace
  readonly #server: BinaryView
  readonly #stats: CommandStats
  /** By opcode. */
  readonly #counts = new Array<CommandCounts | undefined>(256).fill(undefined)
  readonly #commands = new Array<BinaryCommand | undefined>(256).fill(undefined)
  readonly #payload = new Payload()
  readonly #starts = new Int32Array(KEY_BATCH_SIZE)
  readonly #ends = new Int32Array(KEY_BATCH_SIZE)
  #shared: BinaryContext | null = null

  constructor(keyspace: Keyspace, server: BinaryView, stats: CommandStats) {
    this.#keyspace = keyspace
    this.#server = server
    this.#stats = stats
    for (const command of BINARY_COMMANDS) {
      this.#commands[command.opcode] = command
      this.#counts[command.opcode] = stats.of({ code: command.code, name: command.name.toLowerCase() })
    }
  }

  /** Whether a client comes in without a password. */
  get isOpen(): boolean {
    return this.#server.isOpen()
  }

  /**
   * Runs the request at which `requests` stands and writes its reply. Returns the places to load before it is run again, null
   * when it has run. `keyspace.gate` tells what the reply must wait for.
   */
  run(session: BinarySession, requests: BinaryRequestStream, reply: BinaryReplyWriter): readonly Place[] | null {
    const keyspace = this.#keyspace
    const mark = reply.length
    keyspace.gate = 0
    const command = this.#commands[requests.opcode]
    if (!session.authenticated && command !== binaryHello) {
      if (command !== undefined) this.#counts[command.opcode]!.rejected++
      this.error(reply, AUTHENTICATION_REQUIRED)
      return null
    }
    if (command === undefined) {
      this.error(reply, unknown(requests.opcode))
      return null
    }
    const counts = this.#counts[command.opcode]!
    const weight = timingWeight(counts)
    const began = weight === 0 ? 0 : performance.now()
    const context = this.#contextOf(session, reply)
    context.payload.open(requests.bytes, requests.payloadStart, requests.payloadEnd)
    keyspace.command = command.code
    keyspace.countsLookups = command.isRead === true
    try {
      command.run(context)
    } catch (error) {
      reply.truncate(mark)
      if (error instanceof ColdRead) return error.places
      if (!(error instanceof ReplyError || error instanceof FlinError)) throw error
      counts.failed++
      this.error(reply, errorText(error))
    }
    this.#stats.countCall(counts, weight, began)
    return null
  }

  /** Replies with an error, which is counted. */
  error(reply: BinaryReplyWriter, text: string): void {
    this.#stats.countError(text)
    reply.error(text)
  }

  /**
   * Asks memory at once for what the request at which `requests` stands, and those behind it that have come already, will look
   * up one after the other. Returns how many requests behind it are provided for.
   */
  lookAhead(requests: BinaryRequestStream): number {
    const count = requests.keysAhead(this.#starts, this.#ends)
    if (count < 2) return 0
    this.#keyspace.batch.take(requests.bytes, this.#starts, this.#ends, count, 0, 1)
    return count - 1
  }

  #contextOf(session: BinarySession, reply: BinaryReplyWriter): BinaryContext {
    const shared = (this.#shared ??= {
      keyspace: this.#keyspace,
      server: this.#server,
      payload: this.#payload,
      session,
      reply,
    })
    shared.session = session
    shared.reply = reply
    return shared
  }
}

function unknown(opcode: number): string {
  const name = `0x${opcode.toString(16).padStart(2, '0')}`
  return isToCome(opcode) ? `opcode ${name} is not supported yet` : `unknown opcode ${name}`
}
