import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { BatchStream } from '../../../segments/backup/batch-stream.js'
import { smallLog, type SmallLog } from '../../helpers/small-log.js'

let log: SmallLog
before(async () => {
  log = await smallLog('killed')
})

function streamOf(piece: number, bytes: Buffer): { stream: BatchStream; isIntact: boolean } {
  const stream = new BatchStream(log.seed, log.segments[0]!.entry.baseOffset)
  let isIntact = true
  for (let at = 0; at < bytes.length; at += piece) isIntact = stream.push(bytes.subarray(at, at + piece))
  return { stream, isIntact }
}

/** The first segment's batches, without the zeroes behind them. */
function batches(): Buffer {
  const { name, size } = log.segments[0]!
  return Buffer.from(log.files.get(name)!.subarray(0, size))
}

test('the pieces may have any size', () => {
  const { size, endOffset } = log.segments[0]!
  for (const piece of [1, 7, 63, 64, 65, 100, 1 << 20]) {
    const { stream, isIntact } = streamOf(piece, batches())
    assert.deepEqual([isIntact, stream.intactSize, stream.endOffset, stream.lastEpoch], [true, size, endOffset, 1])
  }
})

test('every flipped bit ends it where the batch begins that it is in', () => {
  const { batches: placed } = log.segments[0]!
  for (let bit = 0; bit < batches().length * 8; bit += 3) {
    const bytes = batches()
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const { stream, isIntact } = streamOf(97, bytes)
    const hurt = placed.findLast(({ position }) => position <= bit >> 3)!
    assert.deepEqual([isIntact, stream.intactSize], [false, hurt.position], `bit ${bit}`)
  }
})

test('zeroes end it, and so does a batch that has been there before', () => {
  const { size } = log.segments[0]!
  for (const more of [Buffer.alloc(64), batches()]) {
    const { stream, isIntact } = streamOf(50, Buffer.concat([batches(), more]))
    assert.deepEqual([isIntact, stream.intactSize], [false, size])
  }
})
