import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogSnapshot, readBatches, tallySegments, walkRecords, type SegmentTally } from '../../segments/index.js'
import { withState } from '../../src/models/replay-state.js'
import { untilReady } from '../helpers/compactions.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { writeRounds } from '../helpers/written-keys.js'

async function written(): Promise<{ disk: SimDisk; now: number; keyCount: number; expiringCount: number }> {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await log.close()
  return { disk, now: keyspace.now, keyCount: keyspace.count, expiringCount: keyspace.expiringCount }
}

function tallies(snapshot: LogSnapshot, now: number): Promise<SegmentTally[]> {
  return withState(snapshot, now, (log, { liveness }) => tallySegments(snapshot, log, liveness))
}

function sum(list: readonly SegmentTally[], of: (it: SegmentTally) => number): number {
  return list.reduce((total, it) => total + of(it), 0)
}

test('what is alive is counted record by record, with side files and without', async () => {
  const { disk, now, keyCount, expiringCount } = await written()
  const snapshot = await LogSnapshot.take(disk)
  const found = await tallies(snapshot, now)
  assert.ok(found.length > 3)
  assert.equal(
    sum(found, (it) => it.liveCount),
    keyCount + expiringCount,
  )
  assert.equal(
    sum(found, (it) => it.tombstoneCount),
    24,
  )
  for (const it of found) assert.ok(it.liveSize + it.tombstoneSize <= it.size && it.liveCount <= it.recordCount)
  // The last round's keys are alive, those of the first are all dead.
  assert.equal(found[0]!.liveSize, 0)
  assert.ok(found.at(-1)!.liveSize > found.at(-1)!.size / 2)
  assert.deepEqual(await tallies(snapshot.withoutSideFiles(), now), found)
  await snapshot.close()
})

test('a segment all of which is alive is alive to the last byte', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await untilReady(log)
  await log.compact(keyspace.liveness, () => log.flush())
  await log.close()
  const snapshot = await LogSnapshot.take(disk)
  const [first] = await tallies(snapshot, keyspace.now)
  assert.equal(first!.liveSize, first!.size)
  await snapshot.close()
})

test('a walk meets every record once, in order, with the place that a replay gave it', async () => {
  const { disk, now } = await written()
  const expected: number[] = []
  for await (const step of readBatches(disk)) {
    assert.ok(step.type === 'batch')
    for (let offset = step.header.baseOffset; offset <= step.header.lastOffset; offset++) expected.push(offset)
  }
  const snapshot = await LogSnapshot.take(disk)
  const offsets: number[] = []
  const sizes: number[] = []
  await withState(snapshot, now, async (log, keyspace) => {
    let live = 0
    await walkRecords(
      snapshot,
      log,
      (record, view, offset) => {
        offsets.push(offset)
        assert.equal(view.next - view.start, record.size)
        if (!view.isTombstone && keyspace.liveness.isLive(record)) live++
      },
      ({ size }) => sizes.push(size),
    )
    assert.equal(live, keyspace.count + keyspace.expiringCount)
    assert.deepEqual(
      sizes,
      log.segments.map(({ size }) => size),
    )
  })
  assert.deepEqual(offsets, expected)
  await snapshot.close()
})
