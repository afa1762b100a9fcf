/** However busy the daemon is, compaction gets this share of its rate ... */
const SHARE_MIN = 0.05
/** ... and more, the more of the log is dead: from the first of these on, and all of it from the second. */
const DEAD_LOW = 0.3
const DEAD_HIGH = 0.7
/**
 * Bytes that it may move for each that is written. To make room for one byte by copying segments that are half dead it reads two
 * and writes one, so it keeps up with the writers at 3, and gains on them beyond.
 */
const PER_WRITTEN = 6
/** What shares are of where the settings set no bound, in bytes a second. */
const UNBOUND_RATE = 1024 * 1024 * 1024

/** What the rate goes by. */
export interface Circumstances {
  /** Bytes a second that the settings allow; 0: no bound. */
  readonly rateMax: number
  /** Share of a core that the daemon's own work leaves, 0 to 1. */
  readonly idleShare: number
  /** Share of the log that is dead. */
  readonly deadShare: number
  /** Bytes a second that are appended. */
  readonly writeRate: number
  /** Space is short. */
  readonly isPressed: boolean
}

/**
 * Bytes a second that compaction may move now: of what the settings allow, what the daemon leaves, or what is needed by how much is
 * dead, or what keeps up with the writers, whichever is most; all when space is short, since refused writes are worse than slow
 * ones. 0: no bound.
 */
export function compactionRate({ rateMax, idleShare, deadShare, writeRate, isPressed }: Circumstances): number {
  const need = (deadShare - DEAD_LOW) / (DEAD_HIGH - DEAD_LOW)
  const share = isPressed ? 1 : Math.min(1, Math.max(SHARE_MIN, idleShare, need))
  if (rateMax === 0 && share === 1) return 0
  const all = rateMax === 0 ? UNBOUND_RATE : rateMax
  return Math.round(Math.min(all, Math.max(all * share, writeRate * PER_WRITTEN)))
}
