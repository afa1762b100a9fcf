import type { Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import type { Keyspace } from '../../models/keyspace.js'
import { BATCH_COUNT_MAX } from '../../protocol/binary/opcodes.js'
import type { Payload } from '../../protocol/binary/payload.js'
import type { BinaryReplyWriter } from '../../protocol/binary/reply-writer.js'
import { ReplyError } from '../command.js'

/** What the binary protocol's commands may know of the server. */
export interface BinaryView {
  readonly flinVersion: string
  /** Whether clients need no password. */
  isOpen: () => boolean
  /** Compares in a time that tells nothing of the password. Where none is needed, any is right. */
  isPassword: (given: Buffer) => boolean
  /** Bytes that a value may have (proto-max-bulk-len). */
  valueSizeMax: () => number
}

/** What a connection is to the binary protocol's commands. */
export interface BinarySession {
  /** Whether the client has given the password, or came when there was none. */
  authenticated: boolean
  /** Bytes that a payload of this connection may have once it is authenticated. */
  readonly payloadSizeMax: number
}

/** One object for all requests: they are too many to make one for each. */
export interface BinaryContext {
  readonly keyspace: Keyspace
  readonly server: BinaryView
  readonly payload: Payload
  session: BinarySession
  reply: BinaryReplyWriter
}

/** What an opcode does. */
export interface BinaryCommand {
  readonly opcode: number
  readonly name: string
  /** The command that stands in the log beside the records: that of RESP which does the same. */
  readonly code: number
  /** Whether its look-ups are counted among the keyspace's hits and misses: those of commands that write are not. */
  readonly isRead?: true
  /** Reads its payload to the end before it does anything; looks up before it writes; replies exactly once. */
  readonly run: (context: BinaryContext) => void
}

/** @throws ReplyError that names the limit when a value of this size may not be kept. */
export function checkValueSize(server: BinaryView, size: number): void {
  const max = server.valueSizeMax()
  if (size > max) throw new ReplyError(`ERR a value has at most ${max} bytes, not ${size}`)
}

/** Reads how many keys a batch has. Throws ReplyError when they are too many. */
export function batchCount(payload: Payload): number {
  const count = payload.u16()
  if (count > BATCH_COUNT_MAX) throw new ReplyError(`ERR a batch has at most ${BATCH_COUNT_MAX} keys, not ${count}`)
  return count
}

/**
 * Goes through the keys of a batch, `isPairs`: each with a value behind it, and back to the first one.
 * @throws ColdRead with all that is lacking: a batch is loaded at once, and before it has written anything.
 */
export function loadFirst({ keyspace, payload }: BinaryContext, count: number, isPairs: boolean): void {
  if (!keyspace.log.hasCold) return
  const first = payload.at
  const places: Place[] = []
  for (let i = 0; i < count; i++) {
    payload.key()
    keyspace.collectCold(payload.bytes, payload.start, payload.stop, places)
    if (isPairs) payload.value()
  }
  payload.at = first
  if (places.length > 0) throw new ColdRead(places)
}
