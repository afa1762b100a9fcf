import type { Keyspace } from '../../models/keyspace.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { OPCODE } from '../../protocol/binary/opcodes.js'
import { del } from '../keys/del.js'
import { exists } from '../keys/exists.js'
import type { BinaryCommand } from './binary-command.js'

/** k: deletes a key; that it was missing is no fault. */
export const binaryDel: BinaryCommand = {
  opcode: OPCODE.del,
  name: 'DEL',
  code: del.code,
  run({ keyspace, payload, reply }) {
    payload.key()
    payload.finish()
    keyspace.beginRemoving(payload.stop - payload.start + RECORD_OVERHEAD)
    remove(keyspace, payload.bytes, payload.start, payload.stop)
    reply.done()
  },
}

/** k: whether there is such a key. */
export const binaryExists: BinaryCommand = {
  opcode: OPCODE.exists,
  name: 'EXISTS',
  code: exists.code,
  isRead: true,
  run({ keyspace, payload, reply }) {
    payload.key()
    payload.finish()
    reply.flag(keyspace.find(payload.bytes, payload.start, payload.stop))
  },
}

/** Removes a key if it is there. */
export function remove(keyspace: Keyspace, key: Buffer, start: number, end: number): void {
  if (keyspace.find(key, start, end)) keyspace.remove(key, start, end)
  else keyspace.removeExpired(key, start, end)
}
