import type { Share } from '../../segments/index.js'
import { counted } from '../text.js'

/** How a command tells what it has done. */
export interface Told {
  /** As one JSON object. */
  readonly json: boolean
}

export function shareText({ count, size }: Share): string {
  return `${counted(count, 'segment')} (${counted(size, 'byte')})`
}

export function rateText(size: number, tookMs: number): string {
  return `${Math.round(size / 1e3 / Math.max(1, tookMs))} MB/s`
}
