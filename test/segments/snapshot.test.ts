import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FlinError,
  listSegments,
  LogSnapshot,
  NodeDisk,
  verifyLog,
  type Disk,
  type DiskFile,
} from '../../segments/index.js'
import { segmentName } from '../../segments/names.js'
import { stateDigest, sumState } from '../../src/models/digest.js'
import { withState } from '../../src/models/replay-state.js'
import { untilReady } from '../helpers/compactions.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { openKeyspace } from '../helpers/memory-log.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { putKey, writeRounds } from '../helpers/written-keys.js'

test('a snapshot stays what it was while its owner writes, compacts and removes what it read', async (t) => {
  const folder = temporaryFolder(t)
  const { log, keyspace } = await openKeyspace(folder)
  await writeRounds(log, keyspace)
  await untilReady(log)
  const disk = new NodeDisk(folder)
  const digest = await stateDigest(keyspace)
  const snapshot = await LogSnapshot.take(disk)
  const before = await listSegments(disk, snapshot)
  await log.compact(keyspace.liveness, () => log.flush())
  await writeRounds(log, keyspace, 1)
  await log.close()
  assert.notEqual(await stateDigestOf(folder), digest)
  assert.ok((await listSegments(disk)).segments.length < before.segments.length, 'nothing was rewritten')
  assert.deepEqual((await listSegments(disk, snapshot)).segments, before.segments)
  assert.equal((await verifyLog(snapshot)).verdict, 'intact')
  for (const it of [snapshot, snapshot.withoutSideFiles()]) {
    const sum = await withState(it, keyspace.now, (_log, found) => sumState(it, found))
    assert.equal(sum.digest, digest)
  }
  await snapshot.close()
})

async function stateDigestOf(folder: string): Promise<string> {
  const { log, keyspace } = await openKeyspace(folder)
  const digest = await stateDigest(keyspace)
  await log.close()
  return digest
}

test('a segment that is rewritten while files are opened: the snapshot is of a later moment, and whole', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await untilReady(log)
  const [, second] = log.segments
  let isDone = false
  // The first segment is open when all of them are rewritten.
  const racing: Disk = new Proxy<Disk>(disk, {
    get: (target, name) =>
      name === 'open'
        ? async (file: string, mode: object): Promise<DiskFile> => {
            if (file === segmentName(second!.baseOffset, 0) && !isDone) {
              isDone = true
              await log.compact(keyspace.liveness, () => log.flush())
            }
            return target.open(file, mode)
          }
        : (target[name as keyof Disk] as () => unknown).bind(target),
  })
  const snapshot = await LogSnapshot.take(racing)
  assert.ok(isDone)
  const sum = await withState(snapshot, keyspace.now, (_log, found) => sumState(snapshot, found))
  assert.equal(sum.digest, await stateDigest(keyspace))
  assert.deepEqual(
    snapshot.manifest.segments.map((it) => it.generation),
    log.manifest.segments.map((it) => it.generation),
  )
  await snapshot.close()
  await log.close()
})

test('zeroes at the very end are kept as far as they are part of what was written', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await putKey(keyspace, 'zeroes', '\0'.repeat(3000))
  await log.flush()
  const snapshot = await LogSnapshot.take(disk)
  assert.equal((await listSegments(disk, snapshot)).segments[0]!.size, log.size)
  const sum = await withState(snapshot, keyspace.now, (_log, found) => sumState(snapshot, found))
  assert.equal(sum.digest, await stateDigest(keyspace))
  await snapshot.close()
  await log.close()
})

test('a segment that is missing for good, and writes', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await log.close()
  const first = segmentName(0, 0)
  await disk.remove(first)
  const snapshot = await LogSnapshot.take(disk)
  await assert.rejects(snapshot.open(first), { code: 'ENOENT' })
  assert.equal((await verifyLog(snapshot)).verdict, 'corrupt')
  await assert.rejects(snapshot.remove(), (error) => error instanceof FlinError && error.code === 'LOG_READ_ONLY')
  await snapshot.close()
})
