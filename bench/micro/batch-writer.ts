/**
 * Races the writing of batches against its obvious rivals: the same records, a thousand a batch, each batch durable before
 * the next one begins. "encode" is the time of making the bytes alone, "durable" that of making, writing and syncing them.
 *
 *   node dist/bench/micro/batch-writer.js [seconds per row] [folder on the disk to be measured]
 *
 * - flin: records go straight into the segment's memory; one checksum, one O_DSYNC write into zeroed blocks
 * - concat: a Buffer a record, Buffer.concat, one checksum, one append and fdatasync
 * - JSON: a line a record, one append and fdatasync
 * - v8: v8.serialize of a batch, one append and fdatasync
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import v8 from 'node:v8'
import zlib from 'node:zlib'
import { DEFAULT_LOG_OPTIONS, KeyHasher, Log } from '../../segments/index.js'

const BATCH_COUNT = 1000
const KEY_SIZE = 16
const VALUE_SIZE = 64
const RECORD_SIZE_MAX = 128
const KIND = 1
const COMMAND = 16

const seconds = Number(process.argv[2] ?? 1)
const folder = fs.mkdtempSync(path.join(process.argv[3] ?? os.tmpdir(), 'flin-micro-'))
const keys = Buffer.from(
  Array.from({ length: BATCH_COUNT }, (_, i) => `key:${String(i).padStart(KEY_SIZE - 4, '0')}`).join(''),
)
const value = Buffer.alloc(VALUE_SIZE, 'v')

interface Rival {
  readonly name: string
  /** Makes the bytes of one batch. */
  encode: () => unknown
  /** Makes one batch and returns when it is durable. */
  commit: () => Promise<void>
  close: () => Promise<void>
}

function keyOf(i: number): Buffer {
  return keys.subarray(i * KEY_SIZE, (i + 1) * KEY_SIZE)
}

async function flin(): Promise<Rival> {
  // What only encodes is never written: it has a log of its own, in memory, which starts anew before it is full.
  const options = { ...DEFAULT_LOG_OPTIONS, memorySizeMax: 1 << 30, cacheSize: 1 << 30 }
  const opened = async (place: string | null): Promise<Log> => {
    const log = await Log.open(place ?? '', place === null ? options : { ...options, memorySizeMax: 0 })
    await log.replay(() => undefined)
    return log
  }
  let memory = await opened(null)
  const renew = async (): Promise<void> => {
    await memory.close()
    memory = await opened(null)
  }
  const disk = await opened(path.join(folder, 'log'))
  const hasher = new KeyHasher(1, 2)
  const append = ({ appender }: Log): void => {
    for (let i = 0; i < BATCH_COUNT; i++) {
      const at = i * KEY_SIZE
      const end = at + KEY_SIZE
      hasher.hash(keys, at, end)
      appender.begin(RECORD_SIZE_MAX)
      appender.append(KIND, 0, COMMAND, 0, 0, hasher.hi, hasher.lo, keys, at, end, value, 0, VALUE_SIZE)
    }
    appender.closeBatch()
  }
  return {
    name: 'flin',
    encode: () => {
      append(memory)
      return memory.size < options.memorySizeMax / 2 ? undefined : renew()
    },
    commit: () => {
      append(disk)
      return disk.flush()
    },
    close: async () => {
      await memory.close()
      await disk.close()
    },
  }
}

/** A rival that appends what it has encoded to a file and syncs it. */
function appending(name: string, encode: () => Buffer): Rival {
  const file = fs.openSync(path.join(folder, `${name}.log`), 'a')
  return {
    name,
    encode,
    commit: () =>
      new Promise((resolve, reject) => {
        const bytes = encode()
        fs.write(file, bytes, 0, bytes.length, null, (writeError) => {
          if (writeError !== null) {
            reject(writeError)
            return
          }
          fs.fdatasync(file, (error) => {
            if (error === null) resolve()
            else reject(error)
          })
        })
      }),
    close: () => {
      fs.closeSync(file)
      return Promise.resolve()
    },
  }
}

function concatenated(): Buffer {
  const parts: Buffer[] = [Buffer.alloc(8)]
  for (let i = 0; i < BATCH_COUNT; i++) {
    const head = Buffer.allocUnsafe(8)
    head.writeUInt32LE(KEY_SIZE, 0)
    head.writeUInt32LE(VALUE_SIZE, 4)
    parts.push(head, keyOf(i), value)
  }
  const bytes = Buffer.concat(parts)
  bytes.writeUInt32LE(bytes.length, 4)
  bytes.writeUInt32LE(zlib.crc32(bytes.subarray(4)), 0)
  return bytes
}

function jsonLines(): Buffer {
  let text = ''
  for (let i = 0; i < BATCH_COUNT; i++) {
    text += `${JSON.stringify({ key: keyOf(i).toString('latin1'), value: value.toString('latin1') })}\n`
  }
  return Buffer.from(text)
}

function serialized(): Buffer {
  const records = []
  for (let i = 0; i < BATCH_COUNT; i++) records.push({ key: keyOf(i), value })
  return v8.serialize(records)
}

/** Nanoseconds a record, after a warm-up. */
async function nsPerRecord(batch: () => unknown): Promise<number> {
  for (let i = 0; i < 20; i++) await batch()
  const stop = performance.now() + seconds * 1000
  const start = process.hrtime.bigint()
  let count = 0
  while (performance.now() < stop) {
    const done = batch()
    if (done instanceof Promise) await done
    count += BATCH_COUNT
  }
  return Number(process.hrtime.bigint() - start) / count
}

const rivals = [
  await flin(),
  appending('concat', concatenated),
  appending('JSON', jsonLines),
  appending('v8', serialized),
]
try {
  process.stdout.write(
    `${BATCH_COUNT} records of ${KEY_SIZE} + ${VALUE_SIZE} bytes a batch\n         encode ns/record   durable records/s\n`,
  )
  for (const { name, encode, commit } of rivals) {
    const encodeNs = await nsPerRecord(encode)
    const durableNs = await nsPerRecord(commit)
    const rate = Math.round(1e9 / durableNs).toLocaleString('en-US')
    process.stdout.write(`${name.padEnd(8)} ${encodeNs.toFixed(0).padStart(16)} ${rate.padStart(19)}\n`)
  }
} finally {
  for (const rival of rivals) await rival.close()
  fs.rmSync(folder, { recursive: true, force: true })
}
