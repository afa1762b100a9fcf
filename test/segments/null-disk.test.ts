import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disk } from '../../segments/disk.js'
import { Log } from '../../segments/log.js'
import { readManifest } from '../../segments/manifest.js'
import { NullDisk } from '../../segments/null-disk.js'

test('it takes everything and keeps nothing', async () => {
  const disk: Disk = new NullDisk()
  const file = await disk.open('file', { write: true, create: true, dsync: true })
  await file.write(Buffer.from('bytes'), 0, 5, 0)
  await file.truncate(100)
  await file.sync()
  assert.equal(await file.size(), 0)
  assert.equal(await file.read(Buffer.alloc(5), 0, 5, 0), 0)
  await file.close()
  await disk.rename('file', 'other')
  await disk.makeFolder('folder')
  await disk.syncFolder()
  assert.deepEqual(await disk.list(), [])
  await disk.remove('never there')
})

test('what it was given is missing when it is asked for', async () => {
  const disk = new NullDisk()
  await (await disk.open('file', { write: true, create: true })).close()
  await assert.rejects(disk.open('file', {}), { code: 'ENOENT' })
  assert.equal(await readManifest(disk), null)
})

test('it is never full', async () => {
  const { freeSize, totalSize } = await new NullDisk().space()
  assert.ok(freeSize > 2 ** 50 && totalSize >= freeSize)
})

test('a log lives on it: what it holds is found, and is gone with it', async () => {
  const options = { memorySizeMax: 1 << 20, segmentSize: 4096 }
  const log = await Log.openOn(new NullDisk(), options)
  await log.replay(() => undefined)
  const places = []
  for (let i = 0; i < 100; i++) {
    places.push(...log.append({ kind: 1, key: Buffer.from(`key ${i}`), value: Buffer.alloc(200, i) }))
    if (i % 10 === 0) await log.flush()
  }
  await log.flush()
  assert.ok(log.segments.length > 3, 'it has rolled')
  for (const [i, place] of places.entries()) {
    const { offset, key, value } = await log.read(place)
    assert.deepEqual([offset, key.toString(), value[0]], [i, `key ${i}`, i])
  }
  await log.close()
  const next = await Log.openOn(new NullDisk(), options)
  assert.notEqual(next.id, log.id)
  let count = 0
  await next.replay(() => {
    count++
    return undefined
  })
  assert.equal(count, 0)
  await next.close()
})
