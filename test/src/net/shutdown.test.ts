import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { HeldDisk } from '../../helpers/held-disk.js'
import { RespClient } from '../../helpers/resp-client.js'
import { startOnDisk } from '../../helpers/server-on-disk.js'
import { SimDisk } from '../../helpers/sim-disk.js'

const SEGMENT_SIZE = 64 * 1024
/** So many turns are enough for whatever waits for nothing but them. */
const TURNS_MAX = 20_000

for (const [name, isLoaded] of [
  ['while records are loaded', false],
  ['when they are loaded', true],
] as const) {
  test(
    `SHUTDOWN ${name} for a request that then waits for a key: it waits for nobody`,
    { timeout: 60_000 },
    async (t) => {
      const disk = new HeldDisk(new SimDisk())
      const { server, port, ended } = await startOnDisk(t, disk, {
        segmentSize: SEGMENT_SIZE,
        cacheSize: 2 * SEGMENT_SIZE,
      })
      const waiting = await RespClient.connect(port)
      const other = await RespClient.connect(port)
      await other.call('XADD', 'one', '1-1', 'f', 'v')
      await other.call('XADD', 'two', '1-1', 'f', 'v')
      for (let i = 0; i < 40; i++) await other.call('SET', `key:${i}`, '.'.repeat(10_000))
      disk.holds = (what) => /^(read|open) .*\.seg$/.test(what)
      const reply = waiting.call('XREAD', 'BLOCK', '0', 'STREAMS', 'one', 'two', '$', '$')
      const closed = assert.rejects(reply, /closed/)
      await disk.untilHeld(1)
      // From here on nothing ends for the reason alone that its time is up.
      t.mock.timers.enable({ apis: ['setTimeout'] })
      if (isLoaded) {
        disk.letAllGo()
        for (let turns = 0; turns < 200; turns++) await turn()
      }
      const gone = other.closed
      other.send('SHUTDOWN\r\n')
      assert.equal(await ended, null)
      const state = { isStopped: false }
      const stopped = server.stop().then(() => (state.isStopped = true))
      for (let turns = 0; turns < 200; turns++) await turn()
      disk.letAllGo()
      for (let turns = 0; turns < TURNS_MAX && !state.isStopped; turns++) await turn()
      assert.ok(state.isStopped, 'it waits for a client that waits')
      await stopped
      await closed
      await gone
    },
  )
}
