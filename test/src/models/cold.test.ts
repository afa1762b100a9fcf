import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../../../segments/index.js'
import { ColdRead, runLoaded } from '../../../src/models/cold.js'
import type { Keyspace } from '../../../src/models/keyspace.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'

const KEYS = 30

/** A log of several segments that has been opened anew, with next to no cache: all but the end of it is cold. */
async function openCold(disk = new SimDisk({ isQuick: true })): Promise<{ log: Log; keyspace: Keyspace }> {
  const options = { segmentSize: 4096, cacheSize: 4096 }
  const { log, keyspace } = await openKeyspace(disk, options)
  for (let i = 0; i < KEYS; i++) {
    const key = Buffer.from(`key${i}`)
    keyspace.begin(1200)
    keyspace.find(key, 0, key.length)
    keyspace.put(key, 0, key.length, Buffer.alloc(1000, i), 0, 1000, 0)
  }
  await log.flush()
  await log.close()
  return openKeyspace(disk, options)
}

function read(keyspace: Keyspace, name: string): Buffer | null {
  const key = Buffer.from(name)
  return keyspace.find(key, 0, key.length) ? Buffer.from(keyspace.record.value()) : null
}

test('a look-up of a cold record names its place, costs no stack, and succeeds once that is loaded', async () => {
  const { log, keyspace } = await openCold()
  assert.equal(log.hasCold, true)
  let thrown: unknown
  try {
    read(keyspace, 'key0')
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof ColdRead)
  assert.equal(thrown.places.length, 1)
  assert.doesNotMatch(thrown.stack ?? '', /\n/)
  log.reader.loaded = await log.load(thrown.places)
  assert.deepEqual(read(keyspace, 'key0'), Buffer.alloc(1000, 0))
  await log.close()
})

test('a job is run again, whole, until all that it meets is loaded; what one round loaded serves the next', async () => {
  const { log, keyspace } = await openCold()
  let runs = 0
  const values = await runLoaded(log, () => {
    runs++
    return Array.from({ length: KEYS }, (_, i) => read(keyspace, `key${i}`)?.[0])
  })
  assert.deepEqual(
    values,
    Array.from({ length: KEYS }, (_, i) => i),
  )
  assert.ok(runs > KEYS / 2 && runs <= KEYS + 1, `${runs} runs`)
  assert.equal(log.reader.loaded, null, 'the next command must find its own')
  await log.close()
})

test('a key that is not there needs nothing from disk', async () => {
  const { log, keyspace } = await openCold()
  assert.equal(read(keyspace, 'never'), null)
  await log.close()
})

test('what the job throws, or the disk, ends it', async () => {
  const { log, keyspace } = await openCold()
  const ours = new Error('ours')
  await assert.rejects(
    runLoaded(log, () => {
      read(keyspace, 'key0')
      throw ours
    }),
    (error) => error === ours,
  )
  assert.equal(log.reader.loaded, null)
  await log.close()
  await assert.rejects(
    runLoaded(log, () => read(keyspace, 'key1')),
    /the log is closed/,
  )
  assert.equal(log.reader.loaded, null)
})
