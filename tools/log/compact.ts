import { compactStopped, Log, withLockedFolder, type StoppedCompaction } from '../../segments/index.js'
import { replayState } from '../../src/inspection.js'
import type { Output } from '../output.js'
import { Progress } from '../progress.js'
import { counted } from '../text.js'

export interface CompactOptions {
  readonly isAll: boolean
  /** Bytes that one segment may hold. */
  readonly segmentSize: number
}

/** `flin log compact`: takes what is dead out of the log of a daemon that does not run. */
export async function compact(folder: string, options: CompactOptions, output: Output): Promise<number> {
  const { isAll, segmentSize } = options
  const progress = new Progress()
  const done = await withLockedFolder(folder, async (disk) => {
    // Nothing is appended: a segment that is made ready takes no space under this policy. What is rewritten is synced all the same.
    const log = await Log.openOn(disk, { segmentSize, fsync: 'no', reserveSize: 0 })
    try {
      const { liveness } = await replayState(log)
      return await compactStopped(log, liveness, isAll, (doneSize, totalSize) => {
        progress.show('compacting', doneSize, totalSize)
      })
    } finally {
      progress.clear()
      await log.close()
    }
  })
  await output.write(text(done, isAll))
  return 0
}

function text({ sizeBefore, sizeAfter, recordsDropped, runs }: StoppedCompaction, isAll: boolean): string {
  if (runs === 0) {
    const advice = isAll ? 'no segment is sealed' : 'nothing is worth its cost; --all rewrites all that is sealed'
    return `${counted(sizeBefore, 'byte')}: ${advice}\n`
  }
  const sizes = `${counted(sizeBefore, 'byte')} before, ${counted(sizeAfter, 'byte')} after`
  return `${sizes}: ${counted(recordsDropped, 'dead record')} dropped\n`
}
