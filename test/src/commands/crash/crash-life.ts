import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { stateDigest } from '../../../../src/models/digest.js'
import { Committer } from '../../../../src/commit/committer.js'
import { BenchSession, CommandBench } from '../../../helpers/command-bench.js'
import { CommandLog } from '../../../helpers/command-log.js'
import { runAt } from '../../../helpers/compactions.js'
import type { Random } from '../../../helpers/random.js'
import { SimDisk } from '../../../helpers/sim-disk.js'
import type { LogOptions } from '../../../../segments/index.js'
import { foundFacts, foundKeys, foundMessages } from './found-state.js'
import { NaiveState, type Request, type Transaction } from './naive-state.js'
import { KEYS, type RandomTransactions } from './random-transactions.js'

const CLIENTS = 3

/** Small segments, and a cache that holds none of them: most of what is read is cold. */
export const SMALL: Partial<LogOptions> = { segmentSize: 4096, cacheSize: 4096 }

/** A transaction that has run, and where the log ended then. */
interface Done {
  readonly transaction: Transaction
  readonly endOffset: number
}

interface Reply {
  /** It leaves when all below this is committed. */
  readonly gate: number
  /** It tells of what lies below this. */
  readonly tellsOf: number
  readonly transaction: Transaction
}

/** The key whose items or entries a request looks at; others look at whether it is there. */
function keyOf(request: Request): string {
  const [name = ''] = request
  if (!/^(X.*|L.*|.POP|.PUSH)$/.test(name)) return ''
  return request[name === 'XREADGROUP' ? 7 : name === 'XGROUP' ? 2 : 1]!
}

/** One process's time with a log that others had before it, and what they have done. */
export class CrashLife {
  readonly log: CommandLog
  readonly #committer: Committer
  readonly #done: Done[]
  readonly #state: NaiveState
  readonly #changedEnds = new Map<string, number>()
  readonly #running = new Map<BenchSession, Transaction>()
  #replies: Reply[] = []
  #isOver = false
  /** Transactions whose replies have left. */
  toldCount = 0
  compactions = 0
  /** Acknowledgements of entries that were pending. */
  ackedCount = 0

  private constructor(log: CommandLog, done: Done[]) {
    this.log = log
    this.#done = done
    this.#state = NaiveState.after(done.map(({ transaction }) => transaction))
    this.#committer = new Committer(log.log, (error) => {
      throw error
    })
    log.onRun = (session, endBefore) => {
      const transaction = this.#running.get(session)
      if (transaction !== undefined) this.#ran(transaction, endBefore)
    }
  }

  /** Opens what is left of a log on which `before` has been done, of which all below `owed` must be there, and checks what is found. */
  static async open(
    disk: SimDisk,
    options: Partial<LogOptions>,
    before: readonly Done[],
    owed: number,
  ): Promise<CrashLife> {
    const log = await CommandLog.open(disk, { ...SMALL, ...options })
    const { endOffset } = log.log
    assert.ok(endOffset >= owed, `lost: all below ${owed} had been told or synced, the log ends at ${endOffset}`)
    const done = before.filter((it) => it.endOffset <= endOffset)
    assert.equal(done.at(-1)?.endOffset ?? 0, endOffset, 'the log ends within a transaction')
    const life = new CrashLife(log, done)
    await life.check()
    return life
  }

  get done(): readonly Done[] {
    return this.#done
  }

  /** All below this must outlive an end of this kind. */
  owedAfter(ending: 'kill' | 'power cut'): number {
    const { fsync, committedOffset, durableOffset } = this.log.log
    return ending === 'kill' || fsync === 'always' ? committedOffset : durableOffset
  }

  /** Some clients at work, beside compactions and all else that goes on in a daemon. */
  async live(rng: Random, transactions: RandomTransactions, count: number): Promise<void> {
    const beside = this.#upkeep(rng)
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      this.#client(new BenchSession(2 + i), rng, transactions, count),
    )
    await Promise.all(clients)
    this.#isOver = true
    await beside
    await this.#committer.drain()
    assert.equal(this.#replies.length, 0, 'somebody waits for a reply in vain')
  }

  async #client(session: BenchSession, rng: Random, transactions: RandomTransactions, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await this.#run(session, transactions.next())
      if (rng.chance(0.5)) await turn()
    }
  }

  async #run(session: BenchSession, transaction: Transaction): Promise<void> {
    const isExec = transaction.length > 1
    if (isExec) {
      await this.log.runAs(session, 'MULTI')
      for (const request of transaction) await this.log.runAs(session, ...request)
    }
    this.#running.set(session, transaction)
    const reply = await this.log.runAs(session, ...(isExec ? ['EXEC'] : transaction[0]!))
    this.#running.delete(session)
    if (isExec) assert.ok(Array.isArray(reply), JSON.stringify(reply))
  }

  /** In the moment in which it has run: notes it, and what its reply tells of. */
  #ran(transaction: Transaction, endBefore: number): void {
    const { log, keyspace } = this.log
    const { endOffset } = log
    const words = new Set(transaction.flat())
    const keys = KEYS.filter((key) => words.has(key))
    const factsBefore = keys.map((key) => JSON.stringify(this.#state.facts(key)))
    this.#state.run(transaction)
    this.#done.push({ transaction, endOffset })
    keys.forEach((key, i) => {
      if (JSON.stringify(this.#state.facts(key)) !== factsBefore[i]) this.#changedEnds.set(key, endOffset)
    })
    const [name] = transaction.length === 1 ? transaction[0]! : []
    if (name === 'XACK' && this.#changedEnds.get(keys[0]!) === endOffset) this.ackedCount++
    const ends = transaction.map((request) => this.#changedEnds.get(keyOf(request)) ?? 0)
    const tellsOf = Math.max(endOffset > endBefore ? endOffset : 0, ...ends)
    this.#replies.push({ gate: keyspace.gate, tellsOf, transaction })
    this.#release(log.committedOffset)
    if (log.isPending) this.#committer.schedule()
    if (this.#replies.length === 1) this.#wait()
  }

  #wait(): void {
    this.#committer.wait({
      committed: (offset) => {
        this.#release(offset)
        if (this.#replies.length > 0) this.#wait()
      },
    })
  }

  #release(committed: number): void {
    const leaving = this.#replies.filter(({ gate }) => gate <= committed)
    this.#replies = this.#replies.filter(({ gate }) => gate > committed)
    for (const { tellsOf, transaction } of leaving) {
      const isCommitted = tellsOf <= committed
      assert.ok(isCommitted, `${JSON.stringify(transaction)} tells of ${tellsOf}, and ${committed} is committed`)
    }
    this.toldCount += leaving.length
  }

  async #upkeep(rng: Random): Promise<void> {
    const { log } = this.log
    while (!this.#isOver) {
      for (let turns = rng.below(6); turns > 0; turns--) await turn()
      if (rng.chance(0.7)) await this.#compact(rng)
      else if (log.fsync !== 'always' && rng.chance(0.4)) await log.sync()
      else await this.#committer.ifIdle(() => log.vouch())
    }
  }

  async #compact(rng: Random): Promise<void> {
    const { log, keyspace } = this.log
    if (rng.chance(0.3)) await log.compact(keyspace.liveness, this.#durable)
    else await log.compactNext(keyspace.liveness, this.#durable, false, runAt(rng.next(), 1 + rng.below(4)))
    this.compactions++
  }

  readonly #durable = async (offset: number): Promise<void> => {
    const { log } = this.log
    while (log.durableOffset < offset) {
      if (log.committedOffset >= offset) await log.sync()
      else {
        const committed = new Promise<void>((resolve) => {
          this.#committer.wait({
            committed: () => {
              resolve()
            },
          })
        })
        this.#committer.schedule()
        await committed
      }
    }
  }

  /** What commands tell is what the naive state says, and a log that has never been closed holds the same. */
  async check(): Promise<void> {
    const transactions = this.#done.map(({ transaction }) => transaction)
    const naive = NaiveState.after(transactions)
    assert.deepEqual(await foundKeys(this.log), naive.keys)
    for (const key of KEYS) assert.deepEqual(await foundFacts(this.log, key), naive.facts(key), key)
    const messages = await foundMessages(this.log.log)
    assert.deepEqual(
      messages.map(([, channel, payload]) => [channel, payload]),
      naive.messages,
    )
    const twin = await CommandBench.open()
    for (const transaction of transactions) {
      const isExec = transaction.length > 1
      if (isExec) twin.run('MULTI')
      for (const request of transaction) twin.run(...request)
      if (isExec) twin.run('EXEC')
    }
    await twin.log.flush()
    assert.equal(this.log.log.endOffset, twin.log.endOffset)
    assert.equal(await this.log.digest(), await stateDigest(twin.keyspace), 'an uncrashed twin has another state')
    assert.deepEqual(messages, await foundMessages(twin.log))
    await twin.log.close()
  }
}
