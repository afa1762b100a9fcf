import type { LogState } from './log-state.js'
import type { SegmentFiles } from './segment-files.js'

/**
 * Notes in the manifest that a new epoch begins where the log ends. Resolves when it is written; or, while the disk is full to
 * the last byte, as soon as that is known: then the log can be read, and takes writes once it is written.
 * @param begun called when it is written
 * @throws what the disk does
 */
export async function beginEpoch(state: LogState, files: SegmentFiles, begun: () => void): Promise<void> {
  const { manifest, epoch, endOffset } = state
  // Epochs in which nothing was written say nothing.
  const kept = manifest.epochs.filter(([, first]) => first < endOffset)
  await new Promise<void>((resolve, reject) => {
    const switched = (): void => {
      begun()
      resolve()
    }
    files.switchManifest({ epochs: [...kept, [epoch, endOffset]] }, switched, resolve).catch((error: unknown) => {
      // Whoever was told to go on would wait in vain.
      if (state.isStalled) state.poisonWith(error, 'beginning an epoch')
      reject(error instanceof Error ? error : new Error(String(error)))
    })
  })
}
