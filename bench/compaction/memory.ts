/** What compaction takes of memory while it rewrites a large log. */
import { readFileSync } from 'node:fs'
import { load } from '../load/client.js'
import { stop } from '../load/servers.js'
import { command, fact, KEY, overwrite, type Load, type Side } from './side.js'

const LOOK_MS = 20
const PAGE_SIZE = 4096
/** Looks before compaction begins, the largest of which counts: what the load has left is given back meanwhile. */
const BEFORE_LOOKS = 150

/** The thread of compaction ends before that. */
const IDLE_MS = 15_000

/** What compaction took. Sizes in bytes, of the daemon's resident memory. */
export interface MemoryTaken {
  /** Before compaction began. */
  readonly before: number
  /** The largest while everything was rewritten. */
  readonly during: number
  /** A while after it was done. */
  readonly after: number
  /** Of the log. */
  readonly logSize: number
}

/**
 * Loads keys, overwrites as many at random and then has everything rewritten; nothing else runs meanwhile.
 * @param side a daemon that does not compact by itself
 */
export async function memoryOf(side: Side, what: Load): Promise<MemoryTaken> {
  await load(side.server.port, KEY, what.keys, what.valueSize)
  await overwrite(side, what)
  const logSize = await fact(side, 'compaction', 'log_size')
  let before = 0
  for (let i = 0; i < BEFORE_LOOKS; i++) {
    before = Math.max(before, residentSize(side))
    await look()
  }
  let during = 0
  await command(side, 'compact', 'now')
  for (let i = 0; ; i++) {
    during = Math.max(during, residentSize(side))
    await look()
    if (i % 50 === 49 && (await fact(side, 'compaction', 'compaction_in_progress')) === 0) break
  }
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const after = residentSize(side)
  await stop(side.server)
  return { before, during, after, logSize }
}

function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

/** The second field of statm is what is resident, in pages (proc_pid_statm(5)). */
function residentSize({ server }: Side): number {
  return Number(readFileSync(`/proc/${server.child.pid ?? ''}/statm`, 'latin1').split(' ')[1]) * PAGE_SIZE
}
