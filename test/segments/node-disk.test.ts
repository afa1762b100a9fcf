import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { DiskFile } from '../../segments/disk.js'
import { FlinError } from '../../segments/errors.js'
import { isNodeError, NodeDisk } from '../../segments/node-disk.js'
import { temporaryFolder } from '../helpers/daemon.js'

const HAS_PROC = fs.existsSync('/proc/self/fdinfo')
const BYTES = Buffer.from('0123456789abcdef')

async function fileOn(t: TestContext): Promise<{ file: DiskFile; name: string }> {
  const folder = temporaryFolder(t)
  const file = await new NodeDisk(folder).open('file', { write: true, create: true })
  t.after(() => file.close().catch(() => undefined))
  return { file, name: path.join(folder, 'file') }
}

/** Lets the system take no more than `size` bytes at a time; what it takes it does write. */
function takeAtMost(t: TestContext, size: (call: number) => number): { calls: number } {
  const write = fs.write.bind(fs)
  const seen = { calls: 0 }
  type Callback = (error: NodeJS.ErrnoException | null, done: number) => void
  t.mock.method(fs, 'write', (fd: number, from: Buffer, at: number, left: number, position: number, done: Callback) => {
    const allowed = Math.min(left, size(++seen.calls))
    if (allowed < 0) process.nextTick(done, Object.assign(new Error('EIO'), { code: 'EIO' }), 0)
    else if (allowed === 0) process.nextTick(done, null, 0)
    else write(fd, from, at, allowed, position, done)
  })
  return seen
}

test('bytes are written and read where they are asked for', async (t) => {
  const { file, name } = await fileOn(t)
  await file.write(BYTES, 4, 8, 100)
  assert.equal(await file.size(), 108)
  assert.equal(fs.readFileSync(name).toString('latin1', 100), '456789ab')
  const target = Buffer.alloc(20, 0xee)
  assert.equal(await file.read(target, 2, 10, 102), 6, 'fewer at the end of the file')
  assert.equal(target.toString('latin1', 2, 8), '6789ab')
  assert.equal(target[8], 0xee)
  assert.equal(await file.read(target, 0, 10, 108), 0)
  await file.truncate(101)
  assert.equal(await file.size(), 101)
  await file.sync()
})

test('a short write goes on where it stopped', async (t) => {
  const { file, name } = await fileOn(t)
  const seen = takeAtMost(t, () => 3)
  await file.write(BYTES, 1, 14, 5)
  assert.equal(seen.calls, 5)
  assert.equal(fs.readFileSync(name).toString('latin1', 5), '123456789abcde')
})

test('a write of more than Node takes at once goes out in parts, each where it belongs', async (t) => {
  const { file } = await fileOn(t)
  const gib = 1 << 30
  const parts: [from: number, size: number, at: number][] = []
  type Callback = (error: Error | null, done: number) => void
  // Nothing is written, so there need be no such memory either.
  t.mock.method(
    fs,
    'write',
    (_fd: number, _from: Buffer, at: number, size: number, position: number, done: Callback) => {
      parts.push([at, size, position])
      if (size > 0x7fff_ffff) throw new RangeError(`length ${size} is out of range`)
      process.nextTick(done, null, size)
    },
  )
  await file.write(BYTES, 8, 2.5 * gib, 4096)
  assert.deepEqual(parts, [
    [8, gib, 4096],
    [8 + gib, gib, 4096 + gib],
    [8 + 2 * gib, gib / 2, 4096 + 2 * gib],
  ])
})

test('what fails after a short write fails', async (t) => {
  const { file } = await fileOn(t)
  takeAtMost(t, (call) => (call === 1 ? 3 : -1))
  await assert.rejects(file.write(BYTES, 0, 10, 0), { code: 'EIO' })
})

test('a write that makes no progress is not tried for ever', async (t) => {
  const { file } = await fileOn(t)
  takeAtMost(t, (call) => (call === 1 ? 3 : 0))
  await assert.rejects(
    file.write(BYTES, 0, 10, 0),
    (error) => error instanceof FlinError && error.code === 'DISK_FAILED',
  )
})

test('a missing file is not made unless that is asked for', async (t) => {
  const folder = temporaryFolder(t)
  const disk = new NodeDisk(folder)
  for (const mode of [{}, { write: true }, { write: true, dsync: true }]) {
    await assert.rejects(disk.open('file', mode), (error) => isNodeError(error) && error.code === 'ENOENT')
  }
  assert.deepEqual(fs.readdirSync(folder), [])
  await (await disk.open('file', { write: true, create: true })).close()
  assert.equal(fs.statSync(path.join(folder, 'file')).mode & 0o137, 0, 'others cannot read it, nobody runs it')
})

test('opening an existing file keeps what is in it, and for reading only it takes no writes', async (t) => {
  const folder = temporaryFolder(t)
  const disk = new NodeDisk(folder)
  fs.writeFileSync(path.join(folder, 'file'), 'kept')
  await (await disk.open('file', { write: true, create: true })).close()
  const file = await disk.open('file', {})
  await assert.rejects(file.write(BYTES, 0, 4, 0), { code: 'EBADF' })
  await file.close()
  assert.equal(fs.readFileSync(path.join(folder, 'file'), 'utf8'), 'kept')
})

test('dsync asks the kernel for it, and nothing else does', { skip: !HAS_PROC && 'no /proc' }, async (t) => {
  const folder = temporaryFolder(t)
  const disk = new NodeDisk(folder)
  const isDsync = async (mode: { dsync?: boolean }): Promise<boolean> => {
    const file = await disk.open('file', { write: true, create: true, ...mode })
    const target = path.join(fs.realpathSync(folder), 'file')
    const descriptor = fs.readdirSync('/proc/self/fd').find((fd) => linkOf(`/proc/self/fd/${fd}`) === target)
    const flags = /^flags:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor!}`, 'utf8'))![1]!
    await file.close()
    return (parseInt(flags, 8) & fs.constants.O_DSYNC) === fs.constants.O_DSYNC
  }
  assert.equal(await isDsync({ dsync: true }), true)
  assert.equal(await isDsync({ dsync: false }), false)
  assert.equal(await isDsync({}), false)
})

function linkOf(name: string): string {
  try {
    return fs.readlinkSync(name)
  } catch {
    return '' // closed meanwhile
  }
}

test('names: listed, renamed over another, removed; a missing folder is empty', async (t) => {
  const folder = temporaryFolder(t)
  const disk = new NodeDisk(folder)
  assert.deepEqual(await disk.list(), [])
  assert.deepEqual(await disk.list('quarantine'), [])
  fs.writeFileSync(path.join(folder, 'a'), 'new')
  fs.writeFileSync(path.join(folder, 'b'), 'old')
  await disk.rename('a', 'b')
  assert.deepEqual(await disk.list(), ['b'])
  assert.equal(fs.readFileSync(path.join(folder, 'b'), 'utf8'), 'new')
  await disk.makeFolder('quarantine')
  await disk.makeFolder('quarantine')
  await disk.rename('b', 'quarantine/b')
  assert.deepEqual(await disk.list('quarantine'), ['b'])
  await disk.remove('quarantine/b')
  assert.deepEqual(await disk.list('quarantine'), [])
  await assert.rejects(disk.remove('b'), { code: 'ENOENT' })
  await assert.rejects(disk.rename('b', 'c'), { code: 'ENOENT' })
})

test('a list that cannot be read is not an empty one', async (t) => {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, 'file'), '')
  await assert.rejects(new NodeDisk(folder).list('file'), { code: 'ENOTDIR' })
})

test('folders are synced; one that is missing cannot be', async (t) => {
  const disk = new NodeDisk(temporaryFolder(t))
  await disk.syncFolder()
  await disk.makeFolder('quarantine')
  await disk.syncFolder('quarantine')
  await assert.rejects(disk.syncFolder('elsewhere'), { code: 'ENOENT' })
})

test('the space below the folder', async (t) => {
  const disk = new NodeDisk(temporaryFolder(t))
  for (const { freeSize, totalSize } of [await disk.space(), disk.spaceNow()]) {
    assert.ok(freeSize > 0 && totalSize >= freeSize, `${freeSize} of ${totalSize}`)
  }
  const missing = new NodeDisk(path.join(temporaryFolder(t), 'missing'))
  await assert.rejects(missing.space(), { code: 'ENOENT' })
  assert.throws(() => missing.spaceNow(), { code: 'ENOENT' })
})

test('a disk stays where it was when the process goes to another folder', async (t) => {
  const folder = temporaryFolder(t)
  const before = process.cwd()
  t.after(() => process.chdir(before))
  process.chdir(folder)
  const disk = new NodeDisk('.')
  process.chdir(temporaryFolder(t))
  await (await disk.open('file', { write: true, create: true })).close()
  assert.deepEqual(fs.readdirSync(folder), ['file'])
})
