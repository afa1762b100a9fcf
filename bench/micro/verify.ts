/**
 * How fast `verifyLog`, what `flin log verify` does, goes through a log that lies in the page cache.
 *
 *   node dist/bench/micro/verify.js [MB per log] [folder on the disk to be measured] [rounds]
 *
 * A row for each shape of log: bytes of a value, and records of a batch, which is what one commit of a busy daemon holds; a batch of
 * one record is what a client without pipelining writes. The best of the rounds counts: other work on the machine only adds.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Log, NodeDisk, verifyLog } from '../../segments/index.js'

const MB = 1_000_000
const KEY_SIZE = 16
const KIND = 1
const COMMAND = 16
const COMMIT_SIZE = 4 * MB
const SHAPES = [
  { valueSize: 64, batchCount: 1 },
  { valueSize: 64, batchCount: 16 },
  { valueSize: 64, batchCount: 500 },
  { valueSize: 1024, batchCount: 16 },
  { valueSize: 16_384, batchCount: 4 },
] as const

const size = Number(process.argv[2] ?? 400) * MB
const parent = process.argv[3] ?? os.tmpdir()
const rounds = Number(process.argv[4] ?? 3)

async function fill(folder: string, valueSize: number, batchCount: number): Promise<void> {
  const log = await Log.open(folder, { fsync: 'no', reserveSize: 0 })
  try {
    await log.replay(() => undefined)
    const { appender, hasher } = log
    const key = Buffer.alloc(KEY_SIZE)
    const value = Buffer.alloc(valueSize, 'v')
    for (let i = 0; log.size < size;) {
      for (let n = 0; n < batchCount; n++) {
        key.write(`key:${String(i++).padStart(KEY_SIZE - 4, '0')}`, 'latin1')
        hasher.hash(key, 0, KEY_SIZE)
        appender.begin(KEY_SIZE + valueSize + 64)
        appender.append(KIND, 0, COMMAND, 0, 0, hasher.hi, hasher.lo, key, 0, KEY_SIZE, value, 0, valueSize)
      }
      appender.closeBatch()
      if (log.undurableSize > COMMIT_SIZE) await log.flush()
    }
    await log.flush()
  } finally {
    await log.close()
  }
}

for (const { valueSize, batchCount } of SHAPES) {
  const folder = fs.mkdtempSync(path.join(parent, 'flin-verify-'))
  try {
    await fill(folder, valueSize, batchCount)
    let best = 0
    let records = 0
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      const report = await verifyLog(new NodeDisk(folder))
      const seconds = (performance.now() - began) / 1000
      if (report.verdict !== 'intact') throw new Error(`the log is ${report.verdict}`)
      best = Math.max(best, report.size / MB / seconds)
      records = report.recordCount
    }
    const shape = `value ${valueSize} bytes, ${batchCount} a batch`.padEnd(32)
    process.stdout.write(`${shape} ${String(records).padStart(9)} records  ${best.toFixed(0).padStart(5)} MB/s\n`)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
