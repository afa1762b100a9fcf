import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { Random } from '../helpers/random.js'
import { until } from '../helpers/until.js'

/*
 * A queue as people build it on lists: producers push, consumers move a job to a list of their own and take it away when it is done; and
 * the daemon is killed meanwhile.
 */
const PRODUCERS = 3
const CONSUMERS = 3
const ROUNDS = 3

/** What is known of jobs: pushed and acknowledged, and done, by how often. */
class Jobs {
  readonly acknowledged = new Set<string>()
  /** Sent; whether they have arrived nobody has said. */
  readonly unanswered = new Set<string>()
  readonly done = new Map<string, number>()
}

function connect(port: number): Redis {
  const redis = new Redis(port, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  return redis
}

async function produce(port: number, name: string, jobs: Jobs): Promise<void> {
  const redis = connect(port)
  try {
    for (let i = 0; ; i++) {
      const batch = [`${name}.${i}.a`, `${name}.${i}.b`]
      for (const job of batch) jobs.unanswered.add(job)
      await redis.lpush('jobs', ...batch)
      for (const job of batch) {
        jobs.unanswered.delete(job)
        jobs.acknowledged.add(job)
      }
    }
  } catch {
    redis.disconnect() // the daemon is gone
  }
}

/** What it had taken before the daemon was killed comes first. */
async function take(redis: Redis, own: string): Promise<string | null> {
  return (await redis.lindex(own, 0)) ?? (await redis.lmove('jobs', own, 'RIGHT', 'LEFT'))
}

async function consume(port: number, name: string, jobs: Jobs): Promise<void> {
  const redis = connect(port)
  const own = `taken:${name}`
  try {
    for (;;) {
      const job = await take(redis, own)
      if (job === null) continue
      // Done is what has been taken away: an answer that gets lost leaves it open.
      const removed = await redis.lrem(own, 1, job)
      assert.equal(removed, 1)
      jobs.done.set(job, (jobs.done.get(job) ?? 0) + 1)
    }
  } catch (error) {
    redis.disconnect()
    if (error instanceof assert.AssertionError) throw error
  }
}

for (const fsync of ['always', 'no']) {
  test(`a queue on lists loses no job and gives none out twice, kill -9 or not: ${fsync}`, async (t) => {
    const random = new Random(1)
    const folder = temporaryFolder(t)
    const jobs = new Jobs()
    let daemon: Daemon | null = null
    t.after(() => daemon?.stop('SIGKILL'))
    for (let round = 0; round < ROUNDS; round++) {
      daemon = await Daemon.start(folder, ['--fsync', fsync, '--segment-size', '64kb', '--cache-size', '1mb'])
      const { port } = daemon
      const before = jobs.done.size
      const clients = [
        ...Array.from({ length: PRODUCERS }, (_, i) => produce(port, `${round}.${i}`, jobs)),
        ...Array.from({ length: CONSUMERS }, (_, i) => consume(port, `${i}`, jobs)),
      ]
      const wanted = before + 50 + random.below(100)
      await Promise.race([until('jobs are done', () => jobs.done.size > wanted), ...clients])
      await daemon.stop('SIGKILL')
      await Promise.all(clients)
    }
    daemon = await Daemon.start(folder, ['--fsync', fsync])
    const redis = connect(daemon.port)
    const left: string[] = []
    for (const key of ['jobs', ...Array.from({ length: CONSUMERS }, (_, i) => `taken:${i}`)]) {
      left.push(...(await redis.lrange(key, 0, -1)))
    }
    redis.disconnect()
    const counts = new Map(jobs.done)
    for (const job of left) counts.set(job, (counts.get(job) ?? 0) + 1)
    for (const [job, count] of counts) {
      assert.equal(count, 1, `${job} is there ${count} times`)
      assert.ok(jobs.acknowledged.has(job) || jobs.unanswered.has(job), `${job} was never pushed`)
    }
    const missing = [...jobs.acknowledged].filter((job) => !counts.has(job))
    // The answers to these may have got lost: one for each consumer and kill.
    assert.ok(missing.length <= CONSUMERS * ROUNDS, `missing: ${missing.join(' ')}`)
    t.diagnostic(
      `${jobs.acknowledged.size} pushed, ${jobs.done.size} done, ${left.length} left, ${missing.length} unknown`,
    )
  })
}
