import { LoopRewriter, type Rewriter } from './compaction/rewriter.js'
import { ThreadRewriter } from './compaction/thread-rewriter.js'
import type { Disk } from './disk.js'
import { checksumSeed } from './format.js'
import { KeyHasher } from './key-hash.js'
import { LogState } from './log-state.js'
import { findOrCreateManifest } from './new-log.js'
import { NodeDisk } from './node-disk.js'
import { completeOptions, type LogOptions } from './options.js'

/**
 * What a log is made of when it is opened, before anything of it but its manifest has been read: its state, and what rewrites
 * its segments: what is in memory on this thread, the rest in a thread of its own where the log lies in a folder.
 * @throws FlinError as `Log.open` does, but FOLDER_LOCKED; and what the disk does
 */
export async function openState(
  disk: Disk,
  options: Partial<LogOptions>,
): Promise<{ readonly state: LogState; readonly rewriter: Rewriter; readonly loopRewriter: Rewriter }> {
  const complete = completeOptions(options)
  const manifest = await findOrCreateManifest(disk, complete)
  const [seed0, seed1] = manifest.hashSeed
  const newHasher = (): KeyHasher => complete.keyHasher?.(seed0, seed1) ?? new KeyHasher(seed0, seed1)
  const state = new LogState(disk, complete, manifest, checksumSeed(manifest.logId), newHasher())
  if (!complete.readOnly) await state.meter?.measureAll()
  const hasThread = disk instanceof NodeDisk && complete.keyHasher === undefined
  const loopRewriter = new LoopRewriter(state.disk, newHasher())
  const rewriter = hasThread ? new ThreadRewriter(disk.folder, manifest.hashSeed) : loopRewriter
  return { state, rewriter, loopRewriter }
}
