import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, runTool, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { KillNineClient } from './kill-nine-client.js'

/*
 * A daemon that is killed while several clients write to it finds every acknowledged write again.
 *
 *   FLIN_KILLS=200        how many kills, over all policies (12)
 *   FLIN_KILLS_SEED=1     what the clients write and when the kills come, as far as that depends on chance
 */
const KILLS = Number(process.env['FLIN_KILLS'] ?? 12)
const SEED = Number(process.env['FLIN_KILLS_SEED'] ?? 1)
const POLICIES = ['always', 'everysec', 'no']
const CLIENTS = 4
const KILL_MS_MAX = 400

/** Segments so small that they roll and are sealed all the time; a cache that holds everything, or next to nothing. */
const CACHES = [
  ['--cache-size', '1gb'],
  ['--cache-size', '1mb'],
] as const

for (const [number, fsync] of POLICIES.entries()) {
  test(`kill -9 under load: every acknowledged write is there, ${fsync}`, async (t) => {
    const random = new Random(SEED * POLICIES.length + number)
    const folder = temporaryFolder(t)
    const clients = Array.from({ length: CLIENTS }, (_, i) => new KillNineClient(`client${i}`, random))
    let daemon: Daemon | null = null
    t.after(() => daemon?.stop('SIGKILL'))
    const rounds = Math.ceil(KILLS / POLICIES.length)
    for (let round = 0; round <= rounds; round++) {
      const cache = CACHES[round % CACHES.length]!
      daemon = await Daemon.start(folder, ['--fsync', fsync, '--segment-size', '64kb', ...cache])
      for (const client of clients) await client.check(daemon.port)
      if (round === rounds) break
      const running = clients.map((client) => client.run(daemon!.port))
      const killed = new Promise((resolve) => setTimeout(resolve, 5 + random.below(KILL_MS_MAX)))
      // A client that sees something wrong ends the round at once.
      await Promise.race([killed, ...running])
      await daemon.stop('SIGKILL')
      await Promise.all(running)
    }
    await daemon!.stop('SIGKILL')
    const { code, output } = runTool('log', 'verify', '--data', folder)
    assert.ok(code === 0 || code === 1, output)
    const acknowledged = clients.reduce((sum, client) => sum + client.acknowledgedCount, 0)
    assert.ok(acknowledged > rounds, `only ${acknowledged} writes were acknowledged`)
    t.diagnostic(`${rounds} kills, ${acknowledged} acknowledged writes`)
  })
}
