import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { readHeader, sealBatch } from '../../segments/batch.js'
import { BATCH_HEADER_SIZE } from '../../segments/format.js'
import { writeU32 } from '../../segments/record.js'
import { decodeSideFile, encodeSideFile, type SideFile } from '../../segments/side-file.js'
import { type Finding, verdictOf, verifyLog, type VerifyProgress, type VerifyReport } from '../../segments/verify.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, type PlacedSegment, smallLog, type SmallLog, withFile } from '../helpers/small-log.js'

let log: SmallLog
before(async () => {
  log = await smallLog('closed')
})

function verify(files: Files): Promise<VerifyReport> {
  return verifyLog(SimDisk.of(files, { isQuick: true }))
}

/** The files with a side file that says something else, and whose checksum holds. */
function withSide({ sideName }: PlacedSegment, change: (side: SideFile) => Partial<SideFile>): Files {
  const side = decodeSideFile(Buffer.from(log.files.get(sideName)!), log.seed)
  return withFile(log.files, sideName, encodeSideFile({ ...side, ...change(side) }, log.seed))
}

test('counts what there is', async () => {
  const { segments, active } = log
  const batches = segments.flatMap((segment) => segment.batches)
  const report = await verify(log.files)
  assert.deepEqual(
    { ...report, findings: report.findings.length },
    {
      logId: log.manifest.logId,
      verdict: 'intact',
      findings: 0,
      segmentCount: 3,
      batchCount: batches.length,
      recordCount: active.endOffset,
      size: segments.reduce((size, segment) => size + segment.size, 0),
      startOffset: 0,
      endOffset: active.endOffset,
    },
  )
})

test('tells how far it is after each segment, never beyond the end', async () => {
  const progress: VerifyProgress[] = []
  await verifyLog(SimDisk.of(log.files), (it) => progress.push(it))
  assert.deepEqual(
    progress.map(({ segment }) => segment),
    log.segments.map(({ name }) => name),
  )
  for (const [i, { doneSize, totalSize }] of progress.entries()) {
    assert.ok(doneSize > (progress[i - 1]?.doneSize ?? 0) && doneSize <= totalSize)
  }
  assert.equal(progress.at(-1)!.doneSize, progress.at(-1)!.totalSize)
})

describe('a side file that is whole and says what its segment does not say is corrupt', () => {
  const cases: readonly (readonly [what: string, change: (side: SideFile) => Partial<SideFile>, reason: RegExp])[] = [
    ['another digest', () => ({ digest: '0123456789abcdef' }), /digest/],
    ['another count of tombstones', ({ tombstoneCount }) => ({ tombstoneCount: tombstoneCount + 1 }), /tombstones/],
    ['a last time that is too early', ({ lastTimestampMs }) => ({ lastTimestampMs: lastTimestampMs - 1 }), /times/],
    ['a first time that is too late', ({ firstTimestampMs }) => ({ firstTimestampMs: firstTimestampMs + 1 }), /times/],
    ['an epoch that is too low', () => ({ lastEpoch: 0 }), /epoch/],
    [
      'one record less',
      ({ columns }) => {
        columns.count--
        return { columns }
      },
      /counts \d+ records/,
    ],
    [
      'another place of a record',
      ({ columns }) => {
        columns.words[2]! += 8
        return { columns }
      },
      /of the records/,
    ],
    [
      'another time of expiry',
      ({ columns }) => {
        columns.data[0]! += 1
        return { columns }
      },
      /of the records/,
    ],
    [
      'another place of a batch',
      ({ sparse }) => {
        sparse.positions[0]! += 8
        return { sparse }
      },
      /index of batches/,
    ],
  ]
  for (const [what, change, reason] of cases) {
    test(what, async () => {
      const [segment] = log.segments
      const { verdict, findings } = await verify(withSide(segment!, change))
      assert.equal(verdict, 'corrupt')
      const [finding] = findings
      assert.ok(findings.length === 1 && finding?.type === 'wrong-side-file' && finding.segment === segment!.name)
      assert.match(finding.reason, reason)
    })
  }

  test('but times and epoch may be wider than the segment, as compaction leaves them', async () => {
    const wide = withSide(log.segments[1]!, ({ firstTimestampMs, lastTimestampMs, lastEpoch }) => ({
      firstTimestampMs: firstTimestampMs - 1,
      lastTimestampMs: lastTimestampMs + 1,
      lastEpoch: lastEpoch + 1,
    }))
    assert.equal((await verify(wide)).verdict, 'intact')
  })
})

describe('a writer that was wrong, though every checksum holds', () => {
  /** The files with a batch of the active segment that was written wrongly. */
  function miswritten(batch: number, write: (bytes: Buffer, at: number) => void): Files {
    const { active, seed, files } = log
    const bytes = Buffer.from(files.get(active.name)!)
    const { position } = active.batches[batch]!
    const header = readHeader(bytes, position, bytes.length, seed)!
    write(bytes, position + BATCH_HEADER_SIZE)
    sealBatch(bytes, position, header, seed)
    return withFile(files, active.name, bytes)
  }

  test('an offset out of its batch', async () => {
    const { verdict, findings } = await verify(miswritten(0, (bytes, at) => writeU32(bytes, 7, at + 4)))
    assert.equal(verdict, 'corrupt')
    assert.ok(findings.some((it) => it.type === 'fault' && it.reason.includes('offset delta 7')))
  })

  test('an epoch below that of the segment before', async () => {
    const { active, seed, files } = log
    const bytes = Buffer.from(files.get(active.name)!)
    for (const { position } of active.batches) {
      const header = readHeader(bytes, position, bytes.length, seed)!
      sealBatch(bytes, position, { ...header, epoch: 1 }, seed)
    }
    const { findings, verdict } = await verify(withFile(files, active.name, bytes))
    assert.equal(verdict, 'corrupt')
    assert.deepEqual(
      findings.map((it) => it.type === 'damage' && [it.damage.position, it.damage.fallen]),
      active.batches.map(({ position }) => [position, { epoch: 1, behind: 2 }]),
    )
  })
})

test('the worst finding is the verdict', () => {
  const orphan: Finding = { type: 'orphan', file: 'x.tmp' }
  const side: Finding = { type: 'damaged-side-file', segment: 's', reason: 'r' }
  const fault: Finding = { type: 'fault', segment: 's', reason: 'r' }
  assert.equal(verdictOf([]), 'intact')
  assert.equal(verdictOf([orphan]), 'intact')
  assert.equal(verdictOf([side, orphan]), 'mendable')
  assert.equal(verdictOf([orphan, fault, side]), 'corrupt')
})
