import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Idleness } from '../../src/idleness.js'

const BEAT_MS = 100
const US_PER_MS = 1000

/** A process on so many cores, whose loop and whose thread use what a test says. */
class Process {
  readonly idleness: Idleness
  #nowMs = 0
  #cpuUs = 0
  #active = 0
  #idle = 0

  constructor(cores: number) {
    this.idleness = new Idleness({
      now: () => this.#nowMs,
      cpu: () => this.#cpuUs,
      loop: () => ({ active: this.#active, idle: this.#idle, utilization: 0 }),
      cores,
    })
  }

  /** A beat passes in which the loop is busy for a share of the time, and threads use so much of a core. */
  beat(loop: number, threads: number): number {
    this.#nowMs += BEAT_MS
    this.#active += loop * BEAT_MS
    this.#idle += (1 - loop) * BEAT_MS
    this.#cpuUs += (loop + threads) * BEAT_MS * US_PER_MS
    return this.idleness.share()
  }

  /** The share that it comes to when the thread uses what it is allowed, at so much of a core for all of its rate. */
  settled(loop: number, cost: number): number[] {
    const shares: number[] = []
    let share = 1
    for (let i = 0; i < 40; i++) shares.push((share = this.beat(loop, cost * share)))
    return shares.slice(-10)
  }
}

function near(shares: readonly number[], wanted: number): void {
  for (const share of shares) assert.ok(Math.abs(share - wanted) < 0.02, `${shares.join(', ')} are not ${wanted}`)
}

test('with cores to spare, what the loop leaves', () => {
  near(new Process(4).settled(0, 1), 1)
  near(new Process(4).settled(0.7, 1), 0.3)
  near(new Process(4).settled(1, 1), 0)
})

test('on one core, what nobody uses: the thread does not take from a loop that has work for half of the time', () => {
  // s = 1 - 0.5 - s
  near(new Process(1).settled(0.5, 1), 0.25)
  near(new Process(1).settled(0, 1), 0.5)
  // A rate that would take more than a core does not swing.
  near(new Process(1).settled(0.5, 2), 0.5 / 3)
})

test('on two cores, other threads of the process count', () => {
  const process = new Process(2)
  for (let i = 0; i < 20; i++) process.beat(0.2, 1.8)
  assert.ok(process.beat(0.2, 1.8) < 0.01)
})

test('a look without time between is the last one', () => {
  const process = new Process(1)
  const share = process.beat(0.5, 0)
  assert.equal(process.idleness.share(), share)
})
