import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import type { Log } from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { KIND } from '../../src/models/kinds.js'
import { pushRight, removeItem } from '../../src/models/lists/list-edits.js'
import { ListState } from '../../src/models/lists/list-state.js'
import { EntryEncoder } from '../../src/models/streams/entry-record.js'
import { readEntry, seekId } from '../../src/models/streams/entry-search.js'
import type { EntryPosition } from '../../src/models/streams/entry-table.js'
import { addPending, createConsumer, createGroup } from '../../src/models/streams/group-writes.js'
import { beginEntry } from '../../src/models/streams/stream-writes.js'
import { Stream } from '../../src/models/streams/stream.js'
import { StreamId } from '../../src/models/streams/stream-id.js'
import { openLog, removeSideFiles } from './open-log.js'

/**
 * What one large stream, a group with many pending entries and one large list cost: memory an entry, additions and reads with ten
 * entries and with all of them, and restarts. In one process, without a network. `npm run bench:objects`.
 */
const program = new Command('bench-objects')
  .option('--millions <count>', 'entries of the stream, and items of the list', '10')
  .option('--pending <millions>', 'pending entries of the group', '1')
  .option('--dir <folder>', 'where the data folder is made', os.tmpdir())
  .parse()
const { millions, pending, dir } = program.opts<{ millions: string; pending: string; dir: string }>()

const MILLION = 1_000_000
const COUNT = Number(millions) * MILLION
const PENDING_COUNT = Math.min(COUNT, Number(pending) * MILLION)
const COMMIT_COUNT = 2000
/** Additions and reads that are timed, of an object with ten and of one with all. */
const TIMED_COUNT = 100_000
const FEW = 10
const CACHE_SIZE = 1 << 30
const KEY = Buffer.from('object')
const FIELD = Buffer.from('field')
const VALUE = Buffer.alloc(64, 'v')

const folder = fs.mkdtempSync(path.join(dir, 'flin-objects-'))
process.on('exit', () => {
  fs.rmSync(folder, { recursive: true, force: true })
})

interface Opened {
  readonly log: Log
  readonly keyspace: Keyspace
}

/** What is done with an object, whichever it is. */
interface Subject {
  readonly kind: number
  readonly name: string
  add: (opened: Opened, object: Stream | ListState) => void
  /** Reads one that was added not long ago. */
  read: (opened: Opened, object: Stream | ListState, n: number) => void
}

const encoder = new EntryEncoder()
const id = new StreamId()
const at: EntryPosition = { chunk: 0, slot: 0 }

const STREAM: Subject = {
  kind: KIND.stream,
  name: 'stream',
  add({ keyspace }, stream) {
    if (!(stream instanceof Stream)) throw new TypeError('not a stream')
    keyspace.begin(KEY.length + VALUE.length + 512)
    id.copy(stream.lastId).increment()
    beginEntry(keyspace, stream, id, encoder, 2, FIELD.length + VALUE.length)
    encoder.text(FIELD, 0, FIELD.length)
    encoder.text(VALUE, 0, VALUE.length)
    keyspace.changed(stream)
  },
  read({ log }, stream, n) {
    if (!(stream instanceof Stream)) throw new TypeError('not a stream')
    id.copy(stream.lastId)
    id.seqLow -= n % FEW
    seekId(log, stream.entries, id, at)
    readEntry(log, stream.entries, at)
  },
}

const LIST: Subject = {
  kind: KIND.list,
  name: 'list',
  add({ keyspace }, list) {
    if (!(list instanceof ListState)) throw new TypeError('not a list')
    keyspace.begin(KEY.length + VALUE.length + 512)
    pushRight(keyspace, list, VALUE, 0, VALUE.length)
    keyspace.changed(list)
  },
  read({ log }, list, n) {
    if (!(list instanceof ListState)) throw new TypeError('not a list')
    list.items.seek(list.count - 1 - (n % FEW))
    log.reader.seek(list.items.segment, list.items.position)
  },
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function find({ log, keyspace }: Opened, kind: number): Promise<Stream | ListState> {
  const object = await runLoaded(log, () => keyspace.findObject(kind, KEY, 0, KEY.length))
  if (!(object instanceof Stream || object instanceof ListState)) throw new TypeError('the object is missing')
  return object
}

/** Commits as it goes; microseconds each. */
async function repeat({ log }: Opened, count: number, run: (n: number) => void): Promise<number> {
  const began = performance.now()
  for (let n = 0; n < count;) {
    for (const stop = Math.min(count, n + COMMIT_COUNT); n < stop; n++) run(n)
    await log.flush()
  }
  return ((performance.now() - began) * 1000) / count
}

async function timed(opened: Opened, object: Stream | ListState, subject: Subject): Promise<string> {
  const read = await repeat(opened, TIMED_COUNT, (n) => {
    subject.read(opened, object, n)
  })
  const add = await repeat(opened, TIMED_COUNT, () => {
    subject.add(opened, object)
  })
  return `a read ${read.toFixed(2)} us, an addition ${add.toFixed(2)} us with its write`
}

async function restart(name: string, kind: number, check: (object: Stream | ListState) => void): Promise<void> {
  const began = performance.now()
  const opened = await openLog(folder, CACHE_SIZE)
  const seconds = (performance.now() - began) / 1000
  check(await find(opened, kind))
  say(`  restart ${name}: ${seconds.toFixed(2)} s`)
  await opened.log.close()
}

async function restarts(kind: number, count: number): Promise<void> {
  const check = (object: Stream | ListState): void => {
    if (object.count !== count) throw new Error(`${object.count} instead of ${count}`)
  }
  await restart('with side files', kind, check)
  removeSideFiles(folder)
  await restart('without side files', kind, check)
}

async function large(subject: Subject): Promise<number> {
  const opened = await openLog(folder, CACHE_SIZE)
  const { keyspace, log } = opened
  keyspace.begin(1024)
  keyspace.find(KEY, 0, KEY.length)
  keyspace.createObject(subject.kind, KEY, 0, KEY.length)
  const object = await find(opened, subject.kind)
  const add = (): void => {
    subject.add(opened, object)
  }
  await repeat(opened, FEW, add)
  say(`${subject.name} of ${FEW} to ${TIMED_COUNT}: ${await timed(opened, object, subject)}`)
  await repeat(opened, COUNT - object.count - TIMED_COUNT, add)
  say(`${subject.name} of ${millions} million: ${await timed(opened, object, subject)}`)
  say(`  ${(object.byteSize / object.count).toFixed(1)} bytes of memory each`)
  const { count } = object
  await log.close()
  return count
}

async function pendingEntries(): Promise<void> {
  const opened = await openLog(folder, CACHE_SIZE)
  const { keyspace, log } = opened
  const stream = await find(opened, KIND.stream)
  if (!(stream instanceof Stream)) throw new TypeError('not a stream')
  const before = stream.byteSize
  keyspace.begin(1024)
  const group = createGroup(keyspace, stream, 'group', stream.lastId, stream.added)
  const consumer = createConsumer(keyspace, stream, group, 'consumer')
  stream.entries.toFirst(at)
  stream.entries.advance(at, stream.count - PENDING_COUNT)
  id.setZero()
  const us = await repeat(opened, PENDING_COUNT, (n) => {
    keyspace.begin(512)
    // Ids were counted, so no entry has to be read.
    id.setSeq(stream.count - PENDING_COUNT + n + 1)
    addPending(keyspace, stream, consumer, id, stream.entries.offsetAt(at), 1, 1)
    stream.entries.advance(at, 1)
    keyspace.changed(stream)
  })
  say(`${pending} million pending entries: one takes ${us.toFixed(2)} us with its write`)
  say(`  ${((stream.byteSize - before) / PENDING_COUNT).toFixed(0)} bytes of memory each, as is told`)
  await log.close()
  await restart('with side files', KIND.stream, (object) => {
    const found = object instanceof Stream ? object.groups.get('group')?.pending.count : undefined
    if (found !== PENDING_COUNT) throw new Error(`${String(found)} pending instead of ${PENDING_COUNT}`)
  })
}

async function pops(): Promise<void> {
  const opened = await openLog(folder, CACHE_SIZE)
  const list = await find(opened, KIND.list)
  if (!(list instanceof ListState)) throw new TypeError('not a list')
  const us = await repeat(opened, TIMED_COUNT, () => {
    opened.keyspace.beginRemoving(512)
    list.items.seek(0)
    removeItem(opened.keyspace, list)
    opened.keyspace.changed(list)
  })
  say(`  taking the first item away ${us.toFixed(2)} us with its write`)
  await opened.log.close()
}

function emptyFolder(): void {
  fs.rmSync(folder, { recursive: true })
  fs.mkdirSync(folder)
}

await restarts(KIND.stream, await large(STREAM))
await pendingEntries()
emptyFolder()
await restarts(KIND.list, await large(LIST))
await pops()
