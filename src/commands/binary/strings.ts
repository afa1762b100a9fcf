import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { OPCODE } from '../../protocol/binary/opcodes.js'
import { add } from '../strings/add.js'
import { get } from '../strings/get.js'
import { decr, incr } from '../strings/incr.js'
import { set } from '../strings/set.js'
import { checkValueSize, type BinaryCommand, type BinaryContext } from './binary-command.js'

/** k v: sets a key, and takes an expiry away. */
export const binarySet: BinaryCommand = {
  opcode: OPCODE.set,
  name: 'SET',
  code: set.code,
  run({ keyspace, payload, reply, server }) {
    payload.key()
    const { bytes, start, stop } = payload
    payload.value()
    payload.finish()
    const valueSize = payload.stop - payload.start
    checkValueSize(server, valueSize)
    keyspace.begin((stop - start) * 2 + valueSize + RECORD_OVERHEAD * 2)
    keyspace.find(bytes, start, stop)
    keyspace.put(bytes, start, stop, bytes, payload.start, payload.stop, 0)
    reply.done()
  },
}

/** k: the value, or that there is none. */
export const binaryGet: BinaryCommand = {
  opcode: OPCODE.get,
  name: 'GET',
  code: get.code,
  isRead: true,
  run({ keyspace, payload, reply }) {
    payload.key()
    payload.finish()
    const { record } = keyspace
    if (keyspace.findString(payload.bytes, payload.start, payload.stop)) {
      reply.value(record.bytes, record.valueStart, record.valueEnd)
    } else reply.notFound()
  },
}

/** k: adds one. */
export const binaryIncr: BinaryCommand = {
  opcode: OPCODE.incr,
  name: 'INCR',
  code: incr.code,
  run: (context) => addTo(context, 1),
}

/** k: subtracts one. */
export const binaryDecr: BinaryCommand = {
  opcode: OPCODE.decr,
  name: 'DECR',
  code: decr.code,
  run: (context) => addTo(context, -1),
}

function addTo({ keyspace, payload, reply }: BinaryContext, amount: number): void {
  payload.key()
  payload.finish()
  reply.i64(add(keyspace, payload.bytes, payload.start, payload.stop, amount, null))
}
