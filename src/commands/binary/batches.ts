import { KEY_BATCH_SIZE } from '../../models/key-batch.js'
import { RECORD_OVERHEAD } from '../../models/kinds.js'
import { OPCODE, STATUS } from '../../protocol/binary/opcodes.js'
import { ReplyError } from '../command.js'
import { mdel } from '../keys/del.js'
import { mget } from '../strings/mget.js'
import { mset } from '../strings/mset.js'
import { batchCount, checkValueSize, loadFirst, type BinaryCommand, type BinaryContext } from './binary-command.js'
import { remove } from './keys.js'

const NOTHING = Buffer.alloc(0)
/** Where the keys of a {@link KeyBatch} lie. */
const starts = new Int32Array(KEY_BATCH_SIZE)
const ends = new Int32Array(KEY_BATCH_SIZE)

/** count, then k v each: sets all of them in one commit; of a key that comes twice the last value counts. */
export const binaryMset: BinaryCommand = {
  opcode: OPCODE.mset,
  name: 'MSET',
  code: mset.code,
  run(context) {
    const { keyspace, payload, reply, server } = context
    const count = batchCount(payload)
    const first = payload.at
    let size = 0
    for (let i = 0; i < count; i++) {
      payload.key()
      const keySize = payload.stop - payload.start
      payload.value()
      const valueSize = payload.stop - payload.start
      checkValueSize(server, valueSize)
      size += keySize * 2 + valueSize + RECORD_OVERHEAD * 2
    }
    payload.finish()
    payload.at = first
    loadFirst(context, count, true)
    keyspace.begin(size)
    const { batch } = keyspace
    for (let i = 0, n = 0; i < count; i++, n = (n + 1) % KEY_BATCH_SIZE) {
      if (n === 0) takeKeys(context, count - i, true)
      payload.key()
      const { bytes, start, stop } = payload
      payload.value()
      keyspace.findHashed(batch.his[n]!, batch.los[n]!, bytes, start, stop)
      keyspace.put(bytes, start, stop, bytes, payload.start, payload.stop, 0)
    }
    reply.done()
  },
}

/** count, then k each: all values, of a missing key, and of one that has no string, an empty one. */
export const binaryMget: BinaryCommand = {
  opcode: OPCODE.mget,
  name: 'MGET',
  code: mget.code,
  isRead: true,
  run(context) {
    const { keyspace, payload, reply } = context
    const count = batchCount(payload)
    readKeys(context, count)
    loadFirst(context, count, false)
    const { batch, record } = keyspace
    const mark = reply.begin(STATUS.several)
    reply.u16(count)
    for (let i = 0, n = 0; i < count; i++, n = (n + 1) % KEY_BATCH_SIZE) {
      if (n === 0) takeKeys(context, count - i, false)
      payload.key()
      const found = keyspace.findHashed(batch.his[n]!, batch.los[n]!, payload.bytes, payload.start, payload.stop)
      if (found && keyspace.isString) {
        reply.part(record.bytes, record.valueStart, record.valueEnd)
      } else reply.part(NOTHING, 0, 0)
    }
    if (!reply.end(mark)) throw new ReplyError('ERR the values are larger than a reply can be: 4294967295 bytes')
  },
}

/** count, then k each: deletes all of them in one commit. */
export const binaryMdel: BinaryCommand = {
  opcode: OPCODE.mdel,
  name: 'MDEL',
  code: mdel.code,
  run(context) {
    const { keyspace, payload, reply } = context
    const count = batchCount(payload)
    const size = readKeys(context, count)
    loadFirst(context, count, false)
    keyspace.beginRemoving(size + count * RECORD_OVERHEAD)
    for (let i = 0; i < count; i++) {
      payload.key()
      remove(keyspace, payload.bytes, payload.start, payload.stop)
    }
    reply.done()
  },
}

/** Reads keys to the end of the payload, and goes back to the first one. Returns the bytes of all. */
function readKeys({ payload }: BinaryContext, count: number): number {
  const first = payload.at
  let size = 0
  for (let i = 0; i < count; i++) {
    payload.key()
    size += payload.stop - payload.start
  }
  payload.finish()
  payload.at = first
  return size
}

/** Hands the next keys, of `left` at most, to the keyspace's batch, and goes back to the first one; `isPairs`: values are between them. */
function takeKeys({ keyspace, payload }: BinaryContext, left: number, isPairs: boolean): void {
  const first = payload.at
  const count = Math.min(left, KEY_BATCH_SIZE)
  for (let i = 0; i < count; i++) {
    payload.key()
    starts[i] = payload.start
    ends[i] = payload.stop
    if (isPairs) payload.value()
  }
  payload.at = first
  keyspace.batch.take(payload.bytes, starts, ends, count, 0, 1)
}
