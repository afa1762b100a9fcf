import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compactStopped } from '../../../segments/index.js'
import { stateDigest } from '../../../src/models/digest.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { writeRounds } from '../../helpers/written-keys.js'

test('what is worth it, or all that is sealed: smaller, and the same state', async () => {
  for (const isAll of [false, true]) {
    const disk = new SimDisk({ isQuick: true })
    let { log, keyspace } = await openKeyspace(disk)
    await writeRounds(log, keyspace)
    await log.close()
    ;({ log, keyspace } = await openKeyspace(disk))
    const digest = await stateDigest(keyspace)
    const done = await compactStopped(log, keyspace.liveness, isAll)
    assert.ok(done.sizeAfter < done.sizeBefore / 2, `${done.sizeAfter} of ${done.sizeBefore}`)
    assert.ok(done.runs > 0 && done.recordsDropped > 100)
    assert.equal(await stateDigest(keyspace), digest)
    // Nothing is left to do.
    const again = await compactStopped(log, keyspace.liveness, false)
    assert.equal(again.sizeAfter, done.sizeAfter)
    await log.close()
    ;({ log, keyspace } = await openKeyspace(disk))
    assert.equal(await stateDigest(keyspace), digest)
    await log.close()
  }
})
