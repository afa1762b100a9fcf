import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../../segments/disk.js'
import { Segment } from '../../segments/segment.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { SimDisk } from '../helpers/sim-disk.js'

test('a segment that several want to read at once is opened once, and stays open for those who come later', async () => {
  const disk = new SimDisk({ isQuick: true })
  const segment = new Segment(0, 0, 0)
  await (await disk.open(segment.name, { write: true, create: true })).close()
  const held = new HeldDisk(disk)
  held.holds = (what) => what === `open ${segment.name}`
  const files: Promise<DiskFile>[] = [segment.openForReading(held), segment.openForReading(held)]
  await held.untilHeld(1)
  assert.equal(held.held.length, 1)
  held.letAllGo()
  files.push(segment.openForReading(held))
  const [first, ...others] = await Promise.all(files)
  for (const other of others) assert.equal(other, first)
  assert.equal(held.held.length, 0)
  await first!.close()
})

test('an opening that failed is tried anew by the next who wants to read', async () => {
  const disk = new SimDisk({ isQuick: true })
  const segment = new Segment(0, 0, 0)
  await assert.rejects(segment.openForReading(disk), { code: 'ENOENT' })
  await (await disk.open(segment.name, { write: true, create: true })).close()
  const file = await segment.openForReading(disk)
  assert.equal(await file.size(), 0)
  await file.close()
})
