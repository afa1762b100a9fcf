import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { readLogFolder, readSideFile } from '../../segments/log-folder.js'
import { SideFileCheck } from '../../segments/side-file-check.js'
import { Log } from '../../segments/index.js'
import { untilReady } from '../helpers/compactions.js'
import { smallLogOptions } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, smallLog, type SmallLog, withFile, withFlip } from '../helpers/small-log.js'

let log: SmallLog
before(async () => {
  log = await smallLog('closed')
})

/** What the check says of the first segment with the side file that it had when all was well. */
async function checkFirst(files: Files, epochBefore = 0): Promise<unknown> {
  const folder = await readLogFolder(SimDisk.of(log.files, { isQuick: true }))
  const [entry] = folder.manifest.segments
  const side = await readSideFile(folder, entry!)
  assert.ok(side.state === 'ok')
  return new SideFileCheck().check(
    { ...folder, disk: SimDisk.of(files, { isQuick: true }) },
    entry!,
    side.side,
    epochBefore,
  )
}

test('what is as its side file says is counted', async () => {
  const [first] = log.segments
  assert.deepEqual(await checkFirst(log.files), {
    batchCount: first!.batches.length,
    recordCount: first!.endOffset,
    lastEpoch: 1,
  })
})

test('a segment of an earlier epoch than those before it does not belong there', async () => {
  assert.notEqual(await checkFirst(log.files, 1), null)
  assert.equal(await checkFirst(log.files, 2), null)
})

test('a bit flipped anywhere, an end cut off, and no file: it does not say yes', async () => {
  const [first] = log.segments
  for (let bit = 0; bit < first!.size * 8; bit += 3) {
    assert.equal(await checkFirst(withFlip(log.files, first!.name, bit)), null, `bit ${bit}`)
  }
  const bytes = log.files.get(first!.name)!
  for (const size of [0, 8, first!.size - 8, first!.size - 1]) {
    assert.equal(await checkFirst(withFile(log.files, first!.name, bytes.subarray(0, size))), null, `${size} bytes`)
  }
  assert.equal(await checkFirst(withFile(log.files, first!.name, null)), null)
})

test('batches across the border of what is read at once, and larger than that', async () => {
  const disk = new SimDisk({ isQuick: true })
  const running = await Log.openOn(disk, smallLogOptions({ segmentSize: 4 << 20, cacheSize: 64 << 20 }))
  await running.replay(() => undefined)
  for (const size of [1000, 60_000, 700_000, 1_500_000, 300_000, 900, 5_000_000, 100]) {
    running.append({ kind: 1, key: Buffer.from(`key ${size}`), value: Buffer.alloc(size, 'v') })
    await running.flush()
  }
  await untilReady(running)
  await running.close()
  const folder = await readLogFolder(disk)
  const check = new SideFileCheck()
  const counts: number[] = []
  for (const entry of folder.manifest.segments) {
    if (entry.sealed === null) continue
    const side = await readSideFile(folder, entry)
    assert.ok(side.state === 'ok')
    counts.push((await check.check(folder, entry, side.side, 0))!.recordCount)
  }
  assert.deepEqual(counts, [6, 1])
})
