/** What the first byte of a request asks for. Those of queues and streams are kept for them: 0x20-0x24, 0x30-0x35. */
export const OPCODE = {
  set: 0x01,
  get: 0x02,
  del: 0x03,
  exists: 0x04,
  incr: 0x05,
  decr: 0x06,
  hello: 0x0f,
  mset: 0x10,
  mget: 0x11,
  mdel: 0x12,
} as const

/** The first byte of a reply. */
export const STATUS = { ok: 0, error: 1, notFound: 2, several: 3 } as const

/** What HELLO calls the protocol of this page. */
export const PROTOCOL_VERSION = 1
/** Keys that one MSET, MGET or MDEL may name. */
export const BATCH_COUNT_MAX = 10_000

const KNOWN: ReadonlySet<number> = new Set(Object.values(OPCODE))

/** Whether the inherited protocol has it, and Flin does not yet: the opcodes of queues and streams. */
export function isToCome(opcode: number): boolean {
  return (opcode >= 0x20 && opcode <= 0x24) || (opcode >= 0x30 && opcode <= 0x35)
}

/** Whether the payload of a request begins with its only key: SET to DECR. */
export function beginsWithKey(opcode: number): boolean {
  return opcode >= OPCODE.set && opcode <= OPCODE.decr
}

/** Whether a connection that begins with this byte speaks the binary protocol; all others speak RESP. */
export function isBinary(firstByte: number): boolean {
  return KNOWN.has(firstByte) || isToCome(firstByte)
}
