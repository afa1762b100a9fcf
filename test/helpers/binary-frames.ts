import { OPCODE } from '../../src/protocol/binary/opcodes.js'

/** Requests and replies of the binary protocol, written by hand, so that the codec is not tested with itself. */

/** Strings are latin1. */
export type Bytes = string | Buffer

/** A reply as it can be compared; the bytes of its payload are latin1 characters. */
export interface BinaryReply {
  readonly status: number
  readonly payload: string
}

export function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

export function u16(n: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(n)
  return bytes
}

export function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}

export function i64(n: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(n))
  return bytes
}

/** A key or a name. */
export function k(bytes: Bytes): Buffer {
  const all = bytesOf(bytes)
  return Buffer.concat([u16(all.length), all])
}

/** A value. */
export function v(bytes: Bytes): Buffer {
  const all = bytesOf(bytes)
  return Buffer.concat([u32(all.length), all])
}

export function binaryFrame(opcode: number, ...parts: Bytes[]): Buffer {
  const payload = Buffer.concat(parts.map(bytesOf))
  return Buffer.concat([Buffer.from([opcode]), u32(payload.length), payload])
}

/** Whole requests. */
export const ask = {
  set: (key: Bytes, value: Bytes) => binaryFrame(OPCODE.set, k(key), v(value)),
  get: (key: Bytes) => binaryFrame(OPCODE.get, k(key)),
  del: (key: Bytes) => binaryFrame(OPCODE.del, k(key)),
  exists: (key: Bytes) => binaryFrame(OPCODE.exists, k(key)),
  incr: (key: Bytes) => binaryFrame(OPCODE.incr, k(key)),
  decr: (key: Bytes) => binaryFrame(OPCODE.decr, k(key)),
  hello: (version: number, ...credentials: Bytes[]) => binaryFrame(OPCODE.hello, u16(version), ...credentials.map(k)),
  mset: (pairs: readonly (readonly [Bytes, Bytes])[]) =>
    binaryFrame(OPCODE.mset, u16(pairs.length), ...pairs.flatMap(([key, value]) => [k(key), v(value)])),
  mget: (...keys: Bytes[]) => binaryFrame(OPCODE.mget, u16(keys.length), ...keys.map(k)),
  mdel: (...keys: Bytes[]) => binaryFrame(OPCODE.mdel, u16(keys.length), ...keys.map(k)),
}

const text = (bytes: Bytes): string => bytesOf(bytes).toString('latin1')

/** Replies as they are to be. */
export const DONE: BinaryReply = { status: 0, payload: '' }
export const NOT_FOUND: BinaryReply = { status: 2, payload: '' }
export const reply = {
  value: (bytes: Bytes): BinaryReply => ({ status: 0, payload: text(bytes) }),
  flag: (isSet: boolean): BinaryReply => ({ status: 0, payload: isSet ? '\x01' : '\0' }),
  i64: (n: number | bigint): BinaryReply => ({ status: 0, payload: text(i64(n)) }),
  error: (message: string): BinaryReply => ({ status: 1, payload: message }),
  several: (...values: Bytes[]): BinaryReply => ({
    status: 3,
    payload: text(Buffer.concat([u16(values.length), ...values.map(v)])),
  }),
}

/** The first reply in some bytes from `at` on, and where the next one begins; undefined when it is not whole. */
export function parseReply(bytes: Buffer, at: number): { reply: BinaryReply; next: number } | undefined {
  if (bytes.length < at + 5) return undefined
  const next = at + 5 + bytes.readUInt32BE(at + 1)
  if (bytes.length < next) return undefined
  return { reply: { status: bytes[at]!, payload: bytes.toString('latin1', at + 5, next) }, next }
}

/** All replies in some bytes. Throws Error when the last one is not whole. */
export function parseBinaryReplies(bytes: Buffer): BinaryReply[] {
  const replies: BinaryReply[] = []
  for (let at = 0; at < bytes.length;) {
    const found = parseReply(bytes, at)
    if (found === undefined) throw new Error('a reply is not whole')
    replies.push(found.reply)
    at = found.next
  }
  return replies
}
