import type { LogState } from './log-state.js'
import { sideFileName, suspectName } from './names.js'
import type { Segment } from './segment.js'

/**
 * Sets the side file of a damaged segment aside: without it the next start reads the segment itself, and refuses before it has
 * served anything. What the side file says of the records is kept, as it tells whoever serves damaged logs which keys are hurt.
 * Whatever comes in its way is left to the next start, which then finds the damage as this one did.
 */
export async function distrust(state: LogState, { baseOffset, generation, sealed }: Segment): Promise<void> {
  const { disk, options } = state
  if (options.readOnly || options.serveDamaged || !sealed) return
  const name = sideFileName(baseOffset, generation)
  try {
    await disk.rename(name, suspectName(name))
    await disk.syncFolder()
  } catch {
    // There was none, or the disk is failing: that is told where it matters.
  }
}
