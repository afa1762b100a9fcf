import { lostOffsets, type DamagedRange, type Finding } from '../../segments/index.js'

/** What is hurt, and which offsets are lost by it. */
export function damageText(damage: DamagedRange): string {
  const { position, size, torn, fallen, firstOffset } = damage
  const where = `at position ${position}${size === 0 ? '' : ` (${size} bytes)`}`
  if (torn) return `torn tail ${where}: what began at offset ${firstOffset} was not finished`
  if (fallen !== undefined) {
    return `batch of epoch ${fallen.epoch} ${where}, behind epoch ${fallen.behind}: ${lostText(damage)}`
  }
  const kind = size === 0 ? 'cut off' : 'damaged'
  return `${kind} ${where}: ${lostText(damage)}`
}

export function lostText({ firstOffset, endOffset }: DamagedRange): string {
  return lostOffsets(firstOffset, endOffset)
}

export function findingText(finding: Finding): string {
  switch (finding.type) {
    case 'torn-tail':
    case 'damage':
      return `${finding.segment}: ${damageText(finding.damage)}`
    case 'missing-segment':
      return `${finding.segment}: the file is missing: ${lostText(finding.damage)}`
    case 'fault':
      return `${finding.segment}: every checksum holds, but ${finding.reason}`
    case 'wrong-side-file':
      return `${finding.segment}: its side file, whole as it is, does not fit it: ${finding.reason}`
    case 'damaged-side-file':
      return `${finding.segment}: the next start writes its side file anew: ${finding.reason}`
    case 'missing-side-file':
      return `${finding.segment}: it has no side file: the next start reads the segment and writes one`
    case 'newer-segment':
      return `${finding.file}: the manifest does not know of it, though it holds records: the manifest is too old`
    case 'orphan':
      return `${finding.file}: not part of the log`
  }
}
