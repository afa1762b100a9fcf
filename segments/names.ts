/** Names of the files in a log's folder. */
export const MANIFEST_NAME = 'MANIFEST'
export const LOCK_NAME = 'LOCK'
export const QUARANTINE_FOLDER = 'quarantine'
export const SPARE_NAME = 'spare.tmp'
/** Stands in a folder while its first backup, or a restore into it, is under way: what is there is no log yet. */
export const BACKUP_MARK = 'backup.tmp'
export const RESTORE_MARK = 'restore.tmp'

const SEGMENT_PATTERN = /^(\d{20})-(\d{4,})\.seg$/

/** `00000000000000001234-0002.seg`: base offset in 20 digits, generation. */
export function segmentName(baseOffset: number, generation: number): string {
  return `${String(baseOffset).padStart(20, '0')}-${String(generation).padStart(4, '0')}.seg`
}

export function sideFileName(baseOffset: number, generation: number): string {
  return segmentName(baseOffset, generation).replace(/seg$/, 'side')
}

export function parseSegmentName(name: string): { baseOffset: number; generation: number } | null {
  const match = SEGMENT_PATTERN.exec(name)
  return match === null ? null : { baseOffset: Number(match[1]), generation: Number(match[2]) }
}

/** Where the side file of a segment is kept that was found damaged: no start believes it but one that serves damaged logs. */
export function suspectName(sideFile: string): string {
  return `${sideFile}.suspect`
}
