import type { Disk } from './disk.js'
import { BATCH_HEADER_SIZE } from './format.js'
import type { Manifest } from './manifest.js'
import { parseSegmentName, segmentName, sideFileName, suspectName } from './names.js'
import { lastNonZero } from './walk.js'

/** Of a folder's names, the segments, side files and work files that the manifest does not name. */
export function unnamedFiles(names: readonly string[], { segments }: Manifest): string[] {
  const known = new Set<string>()
  for (const { baseOffset, generation } of segments) {
    known.add(segmentName(baseOffset, generation))
    const side = sideFileName(baseOffset, generation)
    known.add(side)
    known.add(suspectName(side))
  }
  return names.filter(
    (name) => !known.has(name) && (/\.(side|suspect|tmp)$/.test(name) || parseSegmentName(name) !== null),
  )
}

export function hasAllSegments(names: readonly string[], { segments }: Manifest): boolean {
  const there = new Set(names)
  return segments.every(({ baseOffset, generation }) => there.has(segmentName(baseOffset, generation)))
}

/**
 * Whether a file would be a segment behind all that the manifest names: in a log, one that is newer than its manifest. In a
 * backup it is what the next one is being made of.
 */
export function isBehind(name: string, { segments, backup }: Manifest): boolean {
  const parsed = backup === undefined ? parseSegmentName(name) : null
  return parsed !== null && parsed.baseOffset > (segments.at(-1)?.baseOffset ?? -1)
}

/**
 * Whether the offset at which a segment began has gone into another segment, or away, by compaction: it lies within one that
 * has been rewritten, or in a gap between two.
 */
export function isCompactedAway(baseOffset: number, { segments }: Manifest): boolean {
  const around = segments.findLast((segment) => segment.baseOffset <= baseOffset)
  if (around === undefined || around.sealed === null) return around === undefined
  return around.generation > 0 || baseOffset >= around.sealed.endOffset
}

/** Whether a segment's file has never taken a batch. */
export async function isUnwritten(disk: Disk, name: string): Promise<boolean> {
  const file = await disk.open(name, {})
  try {
    const head = Buffer.alloc(BATCH_HEADER_SIZE)
    await file.read(head, 0, head.length, 0)
    return lastNonZero(head, 0, head.length) === 0
  } finally {
    await file.close()
  }
}
