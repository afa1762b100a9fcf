import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ActiveCheck } from '../../segments/active-check.js'
import { Log } from '../../segments/index.js'
import { readLogFolder } from '../../segments/log-folder.js'
import { smallLogOptions } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, smallLog, type SmallLog, withFile, withFlip } from '../helpers/small-log.js'

let log: SmallLog
before(async () => {
  log = await smallLog('closed')
})

/** What the check says of the last segment, by the manifest that it had when all was well. */
async function checkLast(files: Files, epochBefore = 0) {
  const folder = await readLogFolder(SimDisk.of(log.files, { isQuick: true }))
  const entry = folder.manifest.segments.at(-1)!
  assert.equal(entry.sealed, null)
  return new ActiveCheck().check({ ...folder, disk: SimDisk.of(files, { isQuick: true }) }, entry, epochBefore)
}

test('what is intact is counted, up to the zeroes behind it', async () => {
  const last = log.segments.at(-1)!
  const before = log.segments.at(-2)!
  assert.deepEqual(await checkLast(log.files), {
    batchCount: last.batches.length,
    recordCount: last.endOffset - before.endOffset,
    lastEpoch: 2,
    size: last.size,
    endOffset: last.endOffset,
  })
})

test('a segment of an earlier epoch than those before it does not belong there', async () => {
  assert.equal(await checkLast(log.files, 3), null)
})

test('a bit flipped in a batch or in the zeroes, an end that is not whole, and no file: it does not say yes', async () => {
  const last = log.segments.at(-1)!
  const bytes = log.files.get(last.name)!
  for (let bit = 0; bit < last.size * 8; bit += 7) {
    assert.equal(await checkLast(withFlip(log.files, last.name, bit)), null, `bit ${bit}`)
  }
  assert.ok(bytes.length > last.size + 8, 'there are zeroes behind')
  for (let at = last.size; at < bytes.length; at += 997) {
    assert.equal(await checkLast(withFlip(log.files, last.name, at * 8 + 1)), null, `byte ${at}`)
  }
  assert.equal(await checkLast(withFlip(log.files, last.name, bytes.length * 8 - 1)), null)
  for (const size of [last.size - 8, last.size - 1, last.size + 4]) {
    assert.equal(await checkLast(withFile(log.files, last.name, bytes.subarray(0, size))), null, `${size} bytes`)
  }
  assert.equal(await checkLast(withFile(log.files, last.name, null)), null)
})

test('a file that ends with its last batch, or shortly behind it, is whole', async () => {
  const last = log.segments.at(-1)!
  const bytes = log.files.get(last.name)!
  for (const more of [0, 8, 56, 64]) {
    const checked = await checkLast(withFile(log.files, last.name, bytes.subarray(0, last.size + more)))
    assert.equal(checked?.size, last.size, `${more} bytes behind it`)
  }
})

test('zeroes where there had been something durable are not whole', async () => {
  const last = log.segments.at(-1)!
  const disk = SimDisk.of(log.files, { isQuick: true })
  const folder = await readLogFolder(disk)
  const entry = folder.manifest.segments.at(-1)!
  const epochs = [...folder.manifest.epochs, [2, last.endOffset + 1] as const]
  const later = { ...folder, manifest: { ...folder.manifest, epochs } }
  assert.equal(await new ActiveCheck().check(later, entry, 0), null)
})

test('a batch larger than what is read at once', async () => {
  const disk = new SimDisk({ isQuick: true })
  const running = await Log.openOn(disk, smallLogOptions({ segmentSize: 8 << 20, cacheSize: 64 << 20 }))
  await running.replay(() => undefined)
  for (const size of [1000, 700_000, 2_500_000, 900]) {
    running.append({ kind: 1, key: Buffer.from(`key ${size}`), value: Buffer.alloc(size, 'v') })
    await running.flush()
  }
  await running.close()
  const folder = await readLogFolder(disk)
  const checked = await new ActiveCheck().check(folder, folder.manifest.segments[0]!, 0)
  assert.equal(checked?.recordCount, 4)
})
