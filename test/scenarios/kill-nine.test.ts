import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { Random } from '../helpers/random.js'
import { RespClient, type Reply } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'
import { KillNineClient } from './kill-nine-client.js'

/*
 * A daemon that is killed while several clients write to it finds every acknowledged write again.
 *
 *   FLIN_KILLS=200        how many kills, over all policies (12), and half as many again while compaction never rests
 *   FLIN_KILLS_SEED=1     what the clients write and when the kills come, as far as that depends on chance
 */
const KILLS = Number(process.env['FLIN_KILLS'] ?? 12)
const SEED = Number(process.env['FLIN_KILLS_SEED'] ?? 1)
const POLICIES = ['always', 'everysec', 'no']
const CLIENTS = 4
const KILL_MS_MAX = 400
/** Compactions of one round before the kill. */
const RUNS_MAX = 10

/** Segments so small that they roll and are sealed all the time; a cache that holds everything, or next to nothing. */
const CACHES = [
  ['--cache-size', '1gb'],
  ['--cache-size', '1mb'],
] as const

/** Segments that hold some dozens of records, of which nearly all are overwritten soon; COMPACT NOW again and again. */
const COMPACTING = ['--segment-size', '16kb', '--compaction-rate', '0']

const CASES = POLICIES.flatMap((fsync) => [
  { fsync, isCompacting: false },
  { fsync, isCompacting: true },
])

for (const [number, { fsync, isCompacting }] of CASES.entries()) {
  const title = isCompacting ? ' while the log is compacted all the time' : ''
  test(`kill -9 under load${title}: every acknowledged write is there, ${fsync}`, async (t) => {
    const random = new Random(SEED * CASES.length + number)
    const folder = temporaryFolder(t)
    const clients = Array.from({ length: CLIENTS }, (_, i) => new KillNineClient(`client${i}`, random))
    let daemon: Daemon | null = null
    t.after(() => daemon?.stop('SIGKILL'))
    let compactions = 0
    const rounds = Math.ceil(KILLS / POLICIES.length / (isCompacting ? 2 : 1))
    for (let round = 0; round <= rounds; round++) {
      const cache = CACHES[round % CACHES.length]!
      const size = isCompacting ? COMPACTING : ['--segment-size', '64kb']
      daemon = await Daemon.start(folder, ['--fsync', fsync, ...size, ...cache])
      for (const client of clients) await client.check(daemon.port)
      if (round === rounds) break
      const before = acknowledgedBy(clients)
      const running = clients.map((client) => client.run(daemon!.port))
      let runs = 0
      const compacting = isCompacting ? compactAllTheTime(daemon.port, (count) => (runs = count)) : Promise.resolve()
      const least = isCompacting ? 1 + random.below(RUNS_MAX) : 0
      const isBusy = (): boolean => runs >= least && acknowledgedBy(clients) > before
      // A busy machine may not get that far in time: it is killed all the same, and what counts is the sum.
      const killed = until('work is under way', isBusy)
        .catch(() => undefined)
        .then(() => sleep(random.below(isCompacting ? KILL_MS_MAX / 4 : KILL_MS_MAX)))
      // A client that sees something wrong ends the round at once.
      await Promise.race([killed, ...running])
      await daemon.stop('SIGKILL')
      await Promise.all([...running, compacting])
      compactions += runs
    }
    await daemon!.stop('SIGKILL')
    const { code, stdout, stderr } = await flin('log', 'verify', '--data', folder)
    assert.ok(code === 0 || code === 1, stdout + stderr)
    const acknowledged = acknowledgedBy(clients)
    assert.ok(acknowledged >= rounds, `only ${acknowledged} writes were acknowledged`)
    t.diagnostic(`${rounds} kills, ${acknowledged} acknowledged writes, ${compactions} compactions`)
  })
}

function acknowledgedBy(clients: readonly KillNineClient[]): number {
  return clients.reduce((sum, client) => sum + client.acknowledgedCount, 0)
}

/** Asks for one compaction after the other until the daemon is gone; tells how many switches of the manifest there were, at least. */
async function compactAllTheTime(port: number, told: (runs: number) => void): Promise<void> {
  try {
    const client = await RespClient.connect(port)
    for (;;) {
      const [, status] = await client.pipeline([
        ['COMPACT', 'NOW'],
        ['COMPACT', 'STATUS'],
      ])
      const facts = status as Reply[]
      told(facts[facts.indexOf('compaction_runs') + 1] as number)
      await sleep(5)
    }
  } catch {
    // killed
  }
}
