import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import fsp from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FlinError } from '../../segments/errors.js'
import { FolderLock } from '../../segments/lock.js'
import { LOCK_NAME } from '../../segments/names.js'

const isLocked = (error: unknown) => error instanceof FlinError && error.code === 'FOLDER_LOCKED'

function temporaryFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-lock-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Leaves a socket behind that nobody listens on, as a killed process does. */
async function leaveStale(folder: string): Promise<void> {
  const server = net.createServer()
  server.listen(path.join(folder, 'aside'))
  await once(server, 'listening')
  // Under another name it is not removed with its server.
  fs.renameSync(path.join(folder, 'aside'), path.join(folder, LOCK_NAME))
  server.close()
  await once(server, 'close')
}

/** So many tries at once; returns those that got the folder. */
async function takes(folder: string, count: number): Promise<FolderLock[]> {
  const all = await Promise.allSettled(Array.from({ length: count }, () => FolderLock.take(folder)))
  for (const it of all) if (it.status === 'rejected') assert.ok(isLocked(it.reason), String(it.reason))
  return all.filter((it) => it.status === 'fulfilled').map((it) => it.value)
}

test('a folder has one owner at a time, and is free once that has let go', async (t) => {
  const folder = temporaryFolder(t)
  const first = await FolderLock.take(folder)
  await assert.rejects(FolderLock.take(folder), isLocked)
  await assert.rejects(FolderLock.take(folder), isLocked, 'a failed try must not free the folder')
  await first.release()
  assert.deepEqual(fs.readdirSync(folder), [])
  const second = await FolderLock.take(folder)
  await assert.rejects(FolderLock.take(folder), isLocked)
  await second.release()
})

test('a missing folder is made, however long its path is', async (t) => {
  const folder = path.join(temporaryFolder(t), 'a'.repeat(100), 'b'.repeat(100))
  const lock = await FolderLock.take(folder)
  assert.ok(fs.statSync(path.join(folder, LOCK_NAME)).isSocket())
  await assert.rejects(FolderLock.take(folder), isLocked)
  await lock.release()
})

test('the error names the folder', async (t) => {
  const folder = temporaryFolder(t)
  const lock = await FolderLock.take(folder)
  await assert.rejects(FolderLock.take(folder), (error: Error) => error.message.includes(folder))
  await lock.release()
})

test('what a killed process left behind keeps nobody out', async (t) => {
  const folder = temporaryFolder(t)
  const child = owner()
  t.after(() => child.kill('SIGKILL'))
  assert.equal(await ask(child, folder), 'taken')
  await assert.rejects(FolderLock.take(folder), isLocked)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(fs.existsSync(path.join(folder, LOCK_NAME)), 'the test is pointless: nothing was left behind')
  const lock = await FolderLock.take(folder)
  await lock.release()
})

test('a file that is no socket keeps nobody out', async (t) => {
  const folder = temporaryFolder(t)
  fs.writeFileSync(path.join(folder, LOCK_NAME), 'x')
  const lock = await FolderLock.take(folder)
  await assert.rejects(FolderLock.take(folder), isLocked)
  await lock.release()
})

test('a takeover that was killed half-way keeps nobody out', async (t) => {
  const folder = temporaryFolder(t)
  const claim = path.join(folder, `${LOCK_NAME}.takeover`)
  // No process has this number; numbers are reused.
  for (const content of ['4194999', '?', String(process.pid)]) {
    await leaveStale(folder)
    fs.symlinkSync(content, claim)
    fs.lutimesSync(claim, 1, 1)
    const lock = await FolderLock.take(folder)
    await lock.release()
    assert.deepEqual(fs.readdirSync(folder), [])
  }
})

test('a takeover under way is respected', async (t) => {
  const folder = temporaryFolder(t)
  await leaveStale(folder)
  fs.symlinkSync(String(process.pid), path.join(folder, `${LOCK_NAME}.takeover`))
  await assert.rejects(FolderLock.take(folder), isLocked)
})

test('of many at once, one gets the folder, in whatever order the file system answers', async (t) => {
  const folder = temporaryFolder(t)
  const random = randomFrom(7)
  const hesitate = async () => {
    for (let n = random() * 12; n > 1; n--) await new Promise(setImmediate)
  }
  for (const name of ['rm', 'symlink', 'readlink', 'lstat'] as const) {
    const original = fsp[name] as (...args: unknown[]) => Promise<unknown>
    t.mock.method(fsp, name, async (...args: unknown[]) => {
      await hesitate()
      const result = await original(...args)
      await hesitate()
      return result
    })
  }
  for (let round = 0; round < 80; round++) {
    await leaveStale(folder)
    const owners = await takes(folder, 2 + (round % 4))
    assert.equal(owners.length, 1, `round ${round}`)
    await assert.rejects(FolderLock.take(folder), isLocked, `round ${round}: the owner’s socket is gone`)
    // Those who try while it is given up get it, one of them, or do not: never two.
    const [, next] = await Promise.all([owners[0]!.release(), takes(folder, 3)])
    assert.ok(next.length <= 1, `round ${round}: ${next.length} next owners`)
    if (next.length === 1) await assert.rejects(FolderLock.take(folder), isLocked)
    await next[0]?.release()
  }
})

test('of many processes that find what a crash left, one gets the folder', async (t) => {
  const children = Array.from({ length: 4 }, owner)
  t.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  for (let round = 0; round < 8; round++) {
    const folder = temporaryFolder(t)
    await leaveStale(folder)
    const answers = await Promise.all(children.map((child) => ask(child, folder)))
    assert.deepEqual(answers.sort(), ['FOLDER_LOCKED', 'FOLDER_LOCKED', 'FOLDER_LOCKED', 'taken'])
    await assert.rejects(FolderLock.take(folder), isLocked)
  }
})

/** A process that takes the folders that it is told, and keeps them. */
function owner(): ChildProcess {
  return fork(fileURLToPath(new URL('../helpers/folder-owner.js', import.meta.url)), { serialization: 'json' })
}

async function ask(child: ChildProcess, folder: string): Promise<unknown> {
  const answer = once(child, 'message')
  child.send(folder)
  return ((await answer) as unknown[])[0]
}

/** Numbers in [0, 1), the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
}

test('folders above are made, and a place where none can be made is an error, not an endless try', async (t) => {
  const folder = path.join(temporaryFolder(t), 'a', 'b')
  const lock = await FolderLock.take(folder)
  await lock.release()
  fs.writeFileSync(path.join(folder, 'file'), '')
  await assert.rejects(FolderLock.take(path.join(folder, 'file', 'c')), { code: 'BAD_SETTING' })
  await assert.rejects(FolderLock.take(path.join(folder, 'file')), { code: 'BAD_SETTING' })
  if (process.platform === 'linux') await assert.rejects(FolderLock.take('/proc/none/log'), { code: 'ENOENT' })
})
