import zlib from 'node:zlib'

/**
 * The bytes of a segment. FORMAT.md tells the same with a worked example; all integers are little-endian.
 *
 *   segment = batch* zero*                                  everything starts at a multiple of 8
 *   batch   = header(64) record*                            no record: the batch only vouches for what is durable
 *   record  = size:u32 offsetDelta:u32 kind:u8 flags:u8 command:u16 keySize:u16 fieldsSize:u16
 *             fields key value pad                          size counts all but the pad; pad = zeroes to a multiple of 8
 *   fields  = u64*                                          meaning by kind; the first is `datum` if flag DATUM is set
 */
export const FORMAT_VERSION = 1

/** "FLNB" */
export const BATCH_MAGIC = 0x424e4c46
export const BATCH_HEADER_SIZE = 64
export const RECORD_HEADER_SIZE = 16
export const ALIGNMENT = 8

/** A batch is closed when the next record would take it beyond this, unless one command needs more. */
export const BATCH_SIZE_MAX = 64 * 1024

/** Positions are u32 in memory, so that a place takes one slot word. */
export const SEGMENT_SIZE_LIMIT = 0xffff_0000

export const KEY_SIZE_MAX = 0xffff

/** Positions of the header's fields. */
export const HEADER = {
  magic: 0,
  checksum: 4,
  version: 8,
  flags: 9,
  headerSize: 10,
  size: 12,
  baseOffset: 16,
  lastDelta: 24,
  count: 28,
  epoch: 32,
  bodyChecksum: 36,
  timestamp: 40,
  durableOffset: 48,
  reserved: 56,
} as const

export const RECORD_FLAG = {
  /** The entity is deleted. The datum names the first offset that this tombstone may bury. */
  tombstone: 1,
  /** When this was written, another living key had the same 64-bit hash: a restart must compare keys. */
  collides: 2,
  /** The first field is the datum, which a restart needs (an expiry time, say). */
  datum: 4,
  /** A `since` field follows the datum (or stands first): no version of the key is older than this offset. */
  since: 8,
  /**
   * The entity is a member of an object: the key is the object's id, a u64, which takes the place of the key's hash; the datum, an
   * IEEE double, is the member's order in it. No version of a member is older than the whole part of its order, without its sign.
   */
  member: 16,
  /**
   * Of a tombstone of a key: the object that the key had is gone with it, and no later record names it again. Where it is not set, the key may
   * have had none, or the object has gone on to another key.
   */
  endsObject: 32,
} as const

/** The key of a member's record: the id of its object. */
export const MEMBER_KEY_SIZE = 8

/** The first offset that a tombstone with these flags and this datum may bury. */
export function firstBuried(flags: number, datum: number): number {
  return (flags & RECORD_FLAG.member) === 0 ? datum : Math.floor(Math.abs(datum))
}

export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT
}

const TWO_32 = 0x1_0000_0000

/** Writes a safe non-negative integer as u64. */
export function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % TWO_32, at)
  bytes.writeUInt32LE(Math.floor(value / TWO_32), at + 4)
}

/** Reads a u64; beyond 2^53 it yields Infinity, which no valid offset, size or time equals. */
export function readU64(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)
  return high >>> 21 === 0 ? high * TWO_32 + (low >>> 0) : Infinity
}

/** The seed of every header checksum: batches of another log do not pass for ours. */
export function checksumSeed(logId: string): number {
  return zlib.crc32(Buffer.from(logId, 'hex'))
}
