import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskParts, diskSize, sizeOf } from '../../../bench/compaction/disk-size.js'
import { Log } from '../../../segments/index.js'
import { temporaryFolder } from '../../helpers/daemon.js'

test('a folder takes on disk what the blocks of its files take, holes not counted', (t) => {
  const folder = temporaryFolder(t)
  assert.equal(diskSize(folder), 0)
  writeFileSync(join(folder, 'a'), Buffer.alloc(10_000, 1), { flush: true })
  const one = diskSize(folder)
  assert.ok(one >= 10_000 && one < 30_000, `${one} bytes`)
  writeFileSync(join(folder, 'b'), Buffer.alloc(100_000, 1), { flush: true })
  assert.ok(diskSize(folder) >= one + 100_000)
})

test('what the files of a log are for is told by its manifest', async (t) => {
  const folder = temporaryFolder(t)
  const log = await Log.open(folder, { segmentSize: 64 * 1024, reserveSize: 0 })
  await log.replay(() => undefined)
  for (let i = 0; i < 20; i++) {
    log.append({ kind: 1, key: Buffer.from(`k${i}`), value: Buffer.alloc(10_000, 1) })
    await log.flush()
  }
  await log.close()
  const parts = diskParts(folder)
  assert.ok(parts.active > 0 && parts.sealed > parts.active, JSON.stringify(parts))
  assert.ok(parts.side > 0, JSON.stringify(parts))
  assert.equal(parts.passing, 0)
  writeFileSync(join(folder, '00000000000000000000-0009.seg'), Buffer.alloc(10_000, 1), { flush: true })
  writeFileSync(join(folder, 'spare.tmp'), Buffer.alloc(10_000, 1), { flush: true })
  const more = diskParts(folder)
  assert.ok(more.passing >= 10_000 && more.spare >= 10_000, JSON.stringify(more))
  assert.equal(sizeOf(more), diskSize(folder))
})
