import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Log, type LogCursor } from '../../segments/index.js'
import { Commits, runAt, untilReady } from '../helpers/compactions.js'
import { smallLogOptions } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'

const KIND = 1
const OLD_KIND = 2

async function open(cacheSize: number): Promise<{ log: Log; commits: Commits }> {
  const log = await Log.openOn(new SimDisk({ isQuick: true }), smallLogOptions({ cacheSize }))
  await log.replay(() => undefined)
  return { log, commits: new Commits(log) }
}

/** All that the cursor reads until it is at the end. */
async function readAll(cursor: LogCursor): Promise<{ offset: number; text: string }[]> {
  const read: { offset: number; text: string }[] = []
  for (;;) {
    const found = cursor.open()
    if (found === 'end') return read
    if (found === 'cold') await cursor.load()
    else while (cursor.next()) read.push({ offset: cursor.recordOffset, text: cursor.view.value().toString() })
    cursor.close()
  }
}

function append(log: Log, count: number, kind = KIND): void {
  for (let i = 0; i < count; i++) {
    const text = `${log.endOffset} ${'x'.repeat((log.endOffset * 37) % 500)}`
    log.append({ kind, key: Buffer.from('k'), value: Buffer.from(text) })
  }
}

for (const [where, cacheSize] of [
  ['in memory', 1 << 24],
  ['on disk', 1],
] as const) {
  test(`a cursor reads all that is committed from any offset on, and goes on as more is: ${where}`, async () => {
    const { log, commits } = await open(cacheSize)
    append(log, 150)
    await commits.flush()
    append(log, 5)
    for (const from of [0, 1, 17, 149, 150, 155]) {
      const read = await readAll(log.cursor(from))
      const offsets = Array.from({ length: Math.max(0, 150 - from) }, (_, i) => from + i)
      assert.deepEqual(
        read.map(({ offset }) => offset),
        offsets,
      )
      for (const { offset, text } of read) assert.equal(text.split(' ')[0], String(offset))
    }
    const cursor = log.cursor(140)
    assert.equal((await readAll(cursor)).length, 10)
    assert.equal(cursor.open(), 'end', 'nothing that is not committed')
    await commits.flush()
    assert.equal((await readAll(cursor)).length, 5)
    append(log, 60)
    await commits.flush()
    assert.equal((await readAll(cursor)).length, 60)
    await log.close()
  })

  test(`a cursor passes by what compaction drops, and misses nothing that it keeps: ${where}`, async () => {
    const { log, commits } = await open(cacheSize)
    for (let i = 0; i < 20; i++) append(log, 10, i % 2 === 0 ? KIND : OLD_KIND)
    await commits.flush()
    await untilReady(log)
    const cursor = log.cursor(0)
    const kept = (offset: number): boolean => Math.floor(offset / 10) % 2 === 0
    const liveness = {
      isLive: ({ kind }: { kind: number }) => kind === KIND,
      moved: () => true,
      supersession: { by: new Map(), all: [] },
    }
    // It stops in the midst of a stretch, which is then rewritten.
    while (cursor.open() === 'cold') await cursor.load()
    for (let i = 0; i < 3; i++) assert.ok(cursor.next())
    cursor.close()
    while ((await log.compactNext(liveness, commits.durable, true, runAt(0, 3)))!.recordsDropped > 0);
    await log.compact(liveness, commits.durable)
    const offsets = (await readAll(cursor)).map(({ offset }) => offset)
    const active = log.segments.at(-1)!.baseOffset
    const wanted = Array.from({ length: 200 }, (_, i) => i).filter((i) => i >= 3 && (kept(i) || i >= active))
    // Of the stretch that had been loaded, what has been dropped since may still be told.
    assert.deepEqual(
      offsets.filter((offset) => kept(offset) || offset >= active),
      wanted,
    )
    assert.ok(offsets.length < wanted.length + 40)
    await log.close()
  })
}
