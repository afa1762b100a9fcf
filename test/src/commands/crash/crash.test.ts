import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FsyncPolicy } from '../../../../segments/index.js'
import { Random } from '../../../helpers/random.js'
import { SimDisk } from '../../../helpers/sim-disk.js'
import { CrashLife } from './crash-life.js'
import { RandomTransactions } from './random-transactions.js'

/*
 * Lists, streams with groups, messages and transactions over all of them, on a disk that loses what was not synced, whose process ends
 * in any call.
 *
 *   FLIN_OBJECT_CRASHES=10000   how many, over all runs
 *   FLIN_OBJECT_SEED=12345      the first seed, as a failure prints it
 */
const CRASHES = Number(process.env['FLIN_OBJECT_CRASHES'] ?? 32)
const SEED = Number(process.env['FLIN_OBJECT_SEED'] ?? 1)
const LIVES_MAX = 4
/** How many each client wants to run in one life, and in which of its calls to the disk a process dies at the latest. */
const TRANSACTIONS = [15, 40, 120]
const CALLS_MAX = [40, 300, 300, 1000]

interface Seen {
  crashes: number
  told: number
  compactions: number
  acked: number
}

type Ending = 'kill' | 'power cut'

const CASES: readonly (readonly [fsync: FsyncPolicy, ending: Ending])[] = [
  ['always', 'power cut'],
  ['always', 'kill'],
  ['everysec', 'power cut'],
  ['no', 'kill'],
]

/** Several lives of one log, each of which ends in some call; then one that ends well. Returns what was seen. */
async function play(fsync: FsyncPolicy, ending: Ending, seed: number): Promise<Seen> {
  const rng = new Random(seed)
  const transactions = new RandomTransactions(rng)
  const sum: Seen = { crashes: 0, told: 0, compactions: 0, acked: 0 }
  let before: CrashLife['done'] = []
  let owed = 0
  let disk = new SimDisk({ seed, stopAt: 1 + rng.below(rng.pick(CALLS_MAX)) })
  const lives = 1 + rng.below(LIVES_MAX)
  for (let i = 0; i < lives; i++) {
    const opened: { life: CrashLife | null } = { life: null }
    const lived = CrashLife.open(disk, { fsync }, before, owed).then(async (life) => {
      opened.life = life
      await life.live(rng, transactions, rng.pick(TRANSACTIONS))
    })
    await Promise.race([lived, disk.stopped])
    const { life } = opened
    if (life !== null) {
      before = life.done
      owed = life.owedAfter(ending)
      sum.told += life.toldCount
      sum.compactions += life.compactions
      sum.acked += life.ackedCount
    }
    sum.crashes++
    const options = { stopAt: 1 + rng.below(rng.pick(CALLS_MAX)) }
    disk = ending === 'kill' ? disk.kill(seed + i, options) : disk.crash(seed + i, options)
  }
  // What a kill has left is not synced: from here on the power stays.
  const last = await CrashLife.open(disk.kill(seed, { isQuick: true }), { fsync }, before, owed)
  await last.live(rng, transactions, 30)
  await last.log.reopen()
  await last.check()
  await last.log.close()
  sum.acked += last.ackedCount
  return sum
}

for (const [fsync, ending] of CASES) {
  test(`objects, ${fsync}, ${ending}: all that was told is found, transactions whole`, async (t) => {
    const sum: Seen = { crashes: 0, told: 0, compactions: 0, acked: 0 }
    for (let seed = SEED; sum.crashes < CRASHES / CASES.length; seed++) {
      try {
        const { crashes, told, compactions, acked } = await play(fsync, ending, seed)
        sum.crashes += crashes
        sum.told += told
        sum.compactions += compactions
        sum.acked += acked
      } catch (error) {
        throw new Error(`FLIN_OBJECT_SEED=${seed}: ${String(error)}`, { cause: error })
      }
    }
    t.diagnostic(JSON.stringify(sum))
    assert.ok(sum.told > 0 && sum.compactions > 0 && sum.acked > 0)
  })
}
