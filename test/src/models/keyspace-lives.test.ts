import { describe, test } from 'node:test'
import type { LogOptions } from '../../../segments/index.js'
import { KEY_COUNT, playAll, type Step } from '../../helpers/keyspace-player.js'
import { WeakHasher } from '../../helpers/weak-hasher.js'

const SEGMENT_SIZE = 12_288
/** More keys than hashes: some collide, whatever the seed of the log is. */
const COLLIDING: Partial<LogOptions> = {
  segmentSize: SEGMENT_SIZE,
  keyHasher: (seed0, seed1) => new WeakHasher(seed0, seed1),
}

const flush: Step = { op: 'flush' }
const compare: Step = { op: 'compare' }
const clock = (byMs: number): Step => ({ op: 'clock', byMs })

/** Gives every key a value. */
function setAll(size: number, ttlMs = 0): Step[] {
  return Array.from({ length: KEY_COUNT }, (_, key) => ({ op: 'set', key, size, ttlMs }))
}

function reopen(losing: number): Step {
  return { op: 'reopen', handing: 'once', losing }
}

interface Life {
  readonly name: string
  readonly steps: readonly Step[]
  readonly options?: Partial<LogOptions>
}

const LIVES: readonly Life[] = [
  {
    name: 'keys that have expired stay away when the clock is set back',
    steps: [...setAll(20, 100), clock(150), compare, clock(-5000), compare],
  },
  {
    name: 'keys that collide are told apart after a restart',
    options: COLLIDING,
    steps: [...setAll(20), flush, reopen(0), compare, reopen(1), compare],
  },
  {
    name: 'keys that collide, have expired and are put again are told apart after a restart',
    options: COLLIDING,
    steps: [...setAll(20, 100), clock(150), ...setAll(30), flush, reopen(0), compare, reopen(1), compare],
  },
  {
    name: 'keys that collide within the segment that a restart is reading are all there',
    options: COLLIDING,
    // Batches of more than a stretch, so that keys are compared in stretches that end before the segment does.
    steps: [...Array.from({ length: 8 }, () => [...setAll(100), flush]).flat(), reopen(1), compare],
  },
  {
    name: 'a key that is overwritten in one segment after the other keeps the offset from which it may lie in the log',
    steps: [...Array.from({ length: 4 }, () => [...setAll(1400), flush]).flat(), { op: 'del', key: 0 }, flush],
  },
]

describe('what has gone wrong once, or nearly: lives of a keyspace that need no chance', () => {
  for (const { name, steps, options = {} } of LIVES) test(name, () => playAll(steps, options))
})
