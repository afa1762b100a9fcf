import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { Random } from '../../helpers/random.js'
import { isFlinError, logOptions, LogSession } from '../../helpers/log-session.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import {
  type Files,
  type PlacedBatch,
  type PlacedSegment,
  smallLog,
  type SmallLog,
  withFile,
} from '../../helpers/small-log.js'

/** Offset of the record that removes every key: see {@link smallLog}. */
const FLOOR_OFFSET = 1

describe('keys of a damaged log that is served', () => {
  let log: SmallLog
  before(async () => {
    log = await smallLog('closed')
  })

  function serve(files: Files): Promise<LogSession> {
    return LogSession.open(SimDisk.of(files, { isQuick: true }), logOptions({ serveDamaged: true }), log.history)
  }

  /** The same files, some bytes of a segment overwritten, its side file gone. */
  function hit(files: Files, { name, sideName }: PlacedSegment, at: number, size = 1, byte?: number): Files {
    const bytes = Buffer.from(files.get(name)!)
    bytes.fill(byte ?? bytes[at]! ^ 1, at, at + size)
    return withFile(withFile(files, name, bytes), sideName, null)
  }

  /** Below this offset nothing is known when a batch is lost. */
  function lostEndOf({ baseOffset, endOffset }: PlacedBatch): number {
    return endOffset > baseOffset && endOffset > FLOOR_OFFSET ? endOffset : 0
  }

  test('are what they were when nothing that is lost is newer, and refused otherwise, whichever batch is lost', async () => {
    const told = new Set<boolean>()
    for (const segment of log.segments) {
      for (const batch of segment.batches) {
        const session = await serve(hit(log.files, segment, batch.position + batch.size - 1))
        const lostEnd = lostEndOf(batch)
        // The last batch of all vouches, and nothing vouches for it: it is torn, and no record goes with it.
        const isTorn = segment === log.active && batch === segment.batches.at(-1)
        assert.equal(session.log.damages.length, isTorn ? 0 : 1)
        await session.checkSalvaged(log.active.endOffset, lostEnd)
        told.add(lostEnd > 0)
        await session.close()
      }
    }
    assert.equal(told.size, 2)
  })

  test('are refused by the last of several losses', async () => {
    const [first, second] = log.segments
    const lost = [first!.batches.at(-3)!, second!.batches[0]!]
    const files = hit(hit(log.files, first!, lost[0]!.position), second!, lost[1]!.position)
    const session = await serve(files)
    assert.equal(session.log.damages.length, 2)
    await session.checkSalvaged(log.active.endOffset, lost[1]!.endOffset)
    await session.close()
  })

  test('are refused also by a loss that leaves no trace, zeroes at the end, behind another one in the same segment', async () => {
    const [segment] = log.segments
    const [, , hurt, , gone] = segment!.batches
    const files = hit(log.files, segment!, hurt!.position)
    const session = await serve(hit(files, segment!, gone!.position, segment!.size - gone!.position, 0))
    assert.deepEqual(
      session.log.damages.map(({ damage }) => [damage.firstOffset, damage.endOffset]),
      [
        [hurt!.baseOffset, hurt!.endOffset],
        [gone!.baseOffset, segment!.endOffset],
      ],
    )
    await session.checkSalvaged(log.active.endOffset, segment!.endOffset)
    await session.close()
  })

  test('are not found by a walk or by chance when their own records are lost, and all others are', async () => {
    const state = log.history.stateAt(log.active.endOffset)
    const isIn = ({ entry, endOffset }: PlacedSegment, offset: number): boolean =>
      offset >= entry.baseOffset && offset < endOffset
    const segment = log.segments.find(
      (it) => it !== log.active && [...state.values()].some(({ offset }) => isIn(it, offset)),
    )!
    const files = hit(log.files, segment, segment.batches[0]!.position)
    // The side file tells which keys are in there. So small a segment is read whole.
    files.set(segment.sideName, log.files.get(segment.sideName)!)
    const session = await serve(files)
    const intact = [...state.keys()].filter((key) => !isIn(segment, state.get(key)!.offset)).sort()
    assert.deepEqual(await session.keys(), intact)
    for (const [key, entry] of state) {
      if (intact.includes(key)) assert.deepEqual(await session.read(key), entry)
      else await assert.rejects(session.read(key), (error) => isFlinError(error, 'LOG_CORRUPT'))
    }
    const random = new Random(3)
    for (let i = 0; i < 200; i++) {
      const key = await session.randomKey(() => random.below(1 << 20) / (1 << 20))
      assert.ok(key !== null && intact.includes(key), String(key))
    }
    // How many there are is known all the same, and that others are not there.
    session.keyspace.checkWhole()
    assert.equal(session.keyspace.count, state.size)
    assert.equal(await session.read('a key that never was'), null)
    await session.close()
  })
})
