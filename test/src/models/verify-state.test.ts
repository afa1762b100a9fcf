import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumSeed } from '../../../segments/format.js'
import { LogSnapshot } from '../../../segments/index.js'
import { decodeSideFile, encodeSideFile, type SideFile } from '../../../segments/side-file.js'
import { stateDigest } from '../../../src/models/digest.js'
import { verifyState } from '../../../src/models/verify-state.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { withFile } from '../../helpers/small-log.js'
import { writeRounds } from '../../helpers/written-keys.js'

test('the same state both ways, and the digest that the daemon would have', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await log.compactNext(keyspace.liveness, () => log.flush())
  await log.close()
  const again = await openKeyspace(disk)
  const snapshot = await LogSnapshot.take(disk)
  const { isEqual, withSideFiles, withoutSideFiles } = await verifyState(snapshot, keyspace.now)
  assert.deepEqual(withSideFiles, withoutSideFiles)
  assert.ok(isEqual)
  assert.equal(withSideFiles.digest, await stateDigest(again.keyspace))
  assert.equal(withSideFiles.keyCount, again.keyspace.count)
  // What has expired does not count.
  again.keyspace.now += 60_000
  const later = await verifyState(snapshot, again.keyspace.now)
  assert.ok(later.isEqual && later.withSideFiles.keyCount < withSideFiles.keyCount)
  assert.equal(later.withSideFiles.digest, await stateDigest(again.keyspace))
  await snapshot.close()
  await again.log.close()
})

test('a side file whose checksum holds, and that makes another state', async () => {
  const disk = new SimDisk({ isQuick: true })
  const { log, keyspace } = await openKeyspace(disk)
  await writeRounds(log, keyspace)
  await log.close()
  const files = disk.files()
  const seed = checksumSeed(log.id)
  const name = [...files.keys()]
    .filter((it) => it.endsWith('.side'))
    .sort()
    .at(-1)!
  const changes: readonly ((side: SideFile) => void)[] = [
    ({ columns }) => columns.words[0]!++, // the hash of another key
    ({ columns }) => (columns.words[2]! += 8), // another place
    ({ columns }) => columns.count--, // one record less
    ({ columns }) => (columns.kinds[0]! ^= 1 << 8), // a tombstone
    ({ columns }) => (columns.data[0]! += 1000), // another expiry
    ({ columns }) => columns.add(1, 2, 64, 1, 0), // a key that is not there
  ]
  for (const [i, change] of changes.entries()) {
    const side = decodeSideFile(Buffer.from(files.get(name)!), seed)
    change(side)
    const changed = SimDisk.of(withFile(files, name, encodeSideFile(side, seed)), { isQuick: true })
    const snapshot = await LogSnapshot.take(changed)
    assert.equal((await verifyState(snapshot, keyspace.now)).isEqual, false, `change ${i}`)
    await snapshot.close()
  }
})
