import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskSize } from '../../../bench/compaction/disk-size.js'
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
