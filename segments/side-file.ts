import zlib from 'node:zlib'
import { FlinError } from './errors.js'
import { aligned, readU64, writeU64 } from './format.js'
import { readU32, writeU32 } from './record.js'
import { RestartColumns, SparseIndex } from './restart-columns.js'

/**
 * The one file beside a sealed segment: written once, checksummed, disposable. FORMAT.md has the same with an example.
 *
 *   side    = header(128) words kinds datumRecords data sparsePositions sparseOffsets     each padded to 8
 *   header  = "FLNS" checksum:u32(of bytes 8..end of file, seeded by the log id) version:u32 generation:u32
 *             baseOffset:u64 endOffset:u64 segmentSize:u64 recordCount:u64 tombstoneCount:u64
 *             firstTimestamp:u64 lastTimestamp:u64 datumCount:u64 sparseCount:u64 lastEpoch:u64 digest:8 zero*
 */
export interface SideFile {
  readonly generation: number
  readonly baseOffset: number
  readonly endOffset: number
  readonly segmentSize: number
  readonly tombstoneCount: number
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
  readonly lastEpoch: number
  /** XXH64 of the segment's bytes, 16 hex digits. */
  readonly digest: string
  readonly columns: RestartColumns
  readonly sparse: SparseIndex
}

const MAGIC = 0x534e4c46
const VERSION = 1
const HEADER_SIZE = 128

/** The bytes of a side file. */
export function encodeSideFile(side: SideFile, seed: number): Buffer {
  return Buffer.concat(sideFileParts(side, seed))
}

/** The same in parts that follow one another; the large ones are the columns themselves, which must not change meanwhile. */
export function sideFileParts(side: SideFile, seed: number): Buffer[] {
  const { columns, sparse } = side
  const n = columns.count
  const header = Buffer.alloc(HEADER_SIZE)
  const parts: Buffer[] = [header]
  const add = (part: Buffer): void => {
    const pad = aligned(part.length) - part.length
    parts.push(part)
    if (pad > 0) parts.push(Buffer.alloc(pad))
  }
  add(bytesOf(columns.words, n * 3))
  add(bytesOf(columns.kinds, n))
  add(bytesOf(columns.datumRecords, columns.datumCount))
  add(bytesOf(columns.data, columns.datumCount))
  add(bytesOf(sparse.positions, sparse.count))
  add(bytesOf(sparse.offsets, sparse.count))
  writeU32(header, MAGIC, 0)
  writeU32(header, VERSION, 8)
  writeU32(header, side.generation, 12)
  const numbers = [
    side.baseOffset,
    side.endOffset,
    side.segmentSize,
    n,
    side.tombstoneCount,
    side.firstTimestampMs,
    side.lastTimestampMs,
    columns.datumCount,
    sparse.count,
    side.lastEpoch,
  ]
  numbers.forEach((value, i) => writeU64(header, value, 16 + i * 8))
  header.write(side.digest, 96, 8, 'hex')
  let checksum = zlib.crc32(header.subarray(8), seed)
  for (let i = 1; i < parts.length; i++) checksum = zlib.crc32(parts[i]!, checksum)
  writeU32(header, checksum, 4)
  return parts
}

/** Bytes at the head of a side file that {@link claimedDigest} looks at. */
export const SIDE_HEADER_SIZE = HEADER_SIZE

/**
 * The digest that a side file says its segment has, from the header alone: good enough to compare with what is known, for a
 * damaged one says something else; null when it does not start as a side file of this version.
 */
export function claimedDigest(header: Buffer): string | null {
  const isOne = header.length >= HEADER_SIZE && readU32(header, 0) === MAGIC && readU32(header, 8) === VERSION
  return isOne ? header.toString('hex', 96, 104) : null
}

/**
 * Reads a side file; the columns are views into `bytes`, which must start at a multiple of 8 in memory.
 * @throws FlinError LOG_CORRUPT when it is not what was written: the segment is read instead.
 */
export function decodeSideFile(bytes: Buffer, seed: number): SideFile {
  if (bytes.length < HEADER_SIZE || readU32(bytes, 0) !== MAGIC) throw damaged('it does not start as one')
  if (zlib.crc32(bytes.subarray(8), seed) !== readU32(bytes, 4)) throw damaged('its checksum does not hold')
  const version = readU32(bytes, 8)
  if (version !== VERSION) throw new FlinError('FORMAT_UNKNOWN', `the side file has format ${version}`)
  const number = (i: number) => readU64(bytes, 16 + i * 8)
  const columns = new RestartColumns(0)
  const sparse = new SparseIndex(0)
  columns.count = number(3)
  columns.datumCount = number(7)
  sparse.count = number(8)
  let at = bytes.byteOffset + HEADER_SIZE
  const take = (size: number) => {
    const start = at
    at += aligned(size)
    return start
  }
  const { buffer } = bytes
  columns.words = new Int32Array(buffer, take(columns.count * 12), columns.count * 3)
  columns.kinds = new Uint16Array(buffer, take(columns.count * 2), columns.count)
  columns.datumRecords = new Uint32Array(buffer, take(columns.datumCount * 4), columns.datumCount)
  columns.data = new Float64Array(buffer, take(columns.datumCount * 8), columns.datumCount)
  sparse.positions = new Uint32Array(buffer, take(sparse.count * 4), sparse.count)
  sparse.offsets = new Float64Array(buffer, take(sparse.count * 8), sparse.count)
  return {
    generation: readU32(bytes, 12),
    baseOffset: number(0),
    endOffset: number(1),
    segmentSize: number(2),
    tombstoneCount: number(4),
    firstTimestampMs: number(5),
    lastTimestampMs: number(6),
    lastEpoch: number(9),
    digest: bytes.toString('hex', 96, 104),
    columns,
    sparse,
  }
}

function bytesOf(column: Int32Array | Uint16Array | Uint32Array | Float64Array, count: number): Buffer {
  return Buffer.from(column.buffer, column.byteOffset, count * column.BYTES_PER_ELEMENT)
}

function damaged(why: string): FlinError {
  return new FlinError('LOG_CORRUPT', `it is damaged: ${why}`)
}
