import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFully, readWhole, replaceFile, writeWhole, type DiskFile } from '../../segments/disk.js'
import { SimDisk } from '../helpers/sim-disk.js'

const MIB = 1 << 20

function pattern(size: number, step: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * step + (i >>> 8)) & 0xff
  return bytes
}

test('what is written whole is read whole, also when it takes several pieces', async () => {
  const disk = new SimDisk({ isQuick: true })
  for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB + 5]) {
    const bytes = pattern(size, 7)
    await writeWhole(disk, 'file', bytes)
    assert.ok((await readWhole(disk, 'file')).equals(bytes), `${size} bytes`)
  }
  assert.equal(disk.openCount, 0)
})

test('a shorter file leaves nothing of a longer one that had its name', async () => {
  const disk = new SimDisk({ isQuick: true })
  await writeWhole(disk, 'file', Buffer.alloc(5000, 1))
  await writeWhole(disk, 'file', Buffer.from('short'))
  assert.equal((await readWhole(disk, 'file')).toString(), 'short')
  await writeWhole(disk, 'other.tmp', Buffer.alloc(5000, 2))
  await replaceFile(disk, 'other', Buffer.from('tiny'))
  assert.equal((await readWhole(disk, 'other')).toString(), 'tiny')
})

test('a read that yields less than was asked for is gone on with; at the end of the file it stops', async () => {
  const bytes = pattern(100, 3)
  const file: Pick<DiskFile, 'read'> = {
    read: (target, start, size, position) =>
      Promise.resolve(bytes.copy(target, start, position, Math.min(position + Math.min(size, 7), bytes.length))),
  }
  const target = Buffer.alloc(150, 0xee)
  assert.equal(await readFully(file as DiskFile, target, 10, 60, 5), 60)
  assert.ok(target.subarray(10, 70).equals(bytes.subarray(5, 65)))
  assert.ok(target.subarray(0, 10).every((byte) => byte === 0xee) && target.subarray(70).every((byte) => byte === 0xee))
  assert.equal(await readFully(file as DiskFile, target, 0, 90, 50), 50)
})

test('a replaced file is written aside, synced, renamed, and its folder synced, in this order', async () => {
  const disk = new SimDisk({ isQuick: true })
  await replaceFile(disk, 'file', Buffer.from('new'))
  const steps = disk.trace.filter((call) => !/^(open|truncate|close)/.test(call))
  assert.deepEqual(steps, ['write 0+3 file.tmp', 'sync file.tmp', 'rename file.tmp file', 'syncFolder .'])
})

test('whenever the power fails, a replaced file is the old one or the new one, and at the end the new one', async () => {
  const before = pattern(3000, 5)
  const after = pattern(2000, 11)
  const once = SimDisk.of([['file', before]])
  await replaceFile(once, 'file', after)
  for (let stopAt = 1; stopAt <= once.calls; stopAt++) {
    for (let seed = 0; seed < 8; seed++) {
      const disk = SimDisk.of([['file', before]], { stopAt, seed })
      void replaceFile(disk, 'file', after)
      await disk.stopped
      const found = await readWhole(disk.crash(seed), 'file')
      assert.ok(found.equals(before) || found.equals(after), `stopped at call ${stopAt}, seed ${seed}`)
    }
  }
  for (let seed = 0; seed < 8; seed++) assert.ok((await readWhole(once.crash(seed), 'file')).equals(after))
})

test('a failure is passed on, and leaves no file open', async () => {
  const once = new SimDisk({ isQuick: true })
  await replaceFile(once, 'file', Buffer.from('bytes'))
  for (let at = 1; at <= once.calls; at++) {
    const disk = new SimDisk({ isQuick: true, fault: { at, kind: 'EIO' } })
    await assert.rejects(replaceFile(disk, 'file', Buffer.from('bytes')), { code: 'EIO' })
    assert.equal(disk.openCount, 0, once.trace[at - 1])
  }
  await assert.rejects(readWhole(new SimDisk(), 'file'), { code: 'ENOENT' })
})
