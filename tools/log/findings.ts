import type { DamagedRange, Finding } from '../../segments/index.js'

/** What is hurt, and which offsets are lost by it. */
export function damageText(damage: DamagedRange): string {
  const { position, size, torn, firstOffset } = damage
  const where = `at position ${position}${size === 0 ? '' : ` (${size} bytes)`}`
  if (torn) return `torn tail ${where}: what began at offset ${firstOffset} was not finished`
  const kind = size === 0 ? 'cut off' : 'damaged'
  return `${kind} ${where}: ${lostText(damage)}`
}

export function lostText({ firstOffset, endOffset }: DamagedRange): string {
  if (endOffset === null) return `offsets from ${firstOffset} on are lost`
  if (endOffset <= firstOffset) return 'no record is lost'
  const last = endOffset - 1
  return last === firstOffset ? `offset ${last} is lost` : `offsets ${firstOffset} to ${last} are lost`
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
      return `${finding.segment}: its side file does not say what it says: ${finding.reason}`
    case 'damaged-side-file':
      return `${finding.segment}: its side file is damaged and will be written anew: ${finding.reason}`
    case 'missing-side-file':
      return `${finding.segment}: it has no side file yet`
    case 'orphan':
      return `${finding.file}: not part of the log`
  }
}
