import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bags } from '../../../helpers/bags.js'
import { isFlinError } from '../../../helpers/log-session.js'
import { SimDisk } from '../../../helpers/sim-disk.js'

test('of a damaged log objects are told that were created behind all that is lost; one is not whose members may be lost', async () => {
  const disk = new SimDisk({ isQuick: true })
  const bags = await Bags.open(disk)
  for (const name of ['a', 'b']) await bags.add(name)
  await bags.log.flush()
  await bags.add('a')
  await bags.log.flush()
  const lostFrom = bags.log.segments[0]!.size - 8
  for (const i of [0, 1]) {
    await bags.set('roll', 5000 + i)
    await bags.log.flush()
  }
  // Its record is behind what is lost, and its members are not.
  await bags.rename('a', 'renamed')
  await bags.add('later')
  await bags.log.close()
  const [segment] = bags.log.segments
  const files = new Map(disk.files())
  const bytes = Buffer.from(files.get(segment!.name)!)
  bytes[lostFrom]! ^= 1
  files.set(segment!.name, bytes)
  files.delete(segment!.name.replace('.seg', '.side'))
  const served = await Bags.open(SimDisk.of(files, { isQuick: true }), { serveDamaged: true })
  assert.equal(served.log.damages.length, 1)
  assert.equal((await served.orders('later')).length, 1)
  for (const name of ['renamed', 'b', 'a']) {
    await assert.rejects(served.orders(name), (error) => isFlinError(error, 'LOG_CORRUPT'), name)
  }
  await served.log.close()
})
