import type { Log, Place } from '../../../segments/index.js'
import { ColdRead } from '../cold.js'
import type { ObjectState } from './object-state.js'

/** What sizes are known to, more or less. */
const SIZE_TOLERANCE = 1.07

/** Bytes that copies of all of an object's records take, at most. */
export function copiedSize({ recordsSize }: { readonly recordsSize: number }): number {
  return Math.ceil(recordsSize * SIZE_TOLERANCE)
}

/** @throws ColdRead when some record of the object has to be loaded first. */
export function checkLoaded(log: Log, object: ObjectState): void {
  if (!log.hasCold) return
  const places: Place[] = []
  collectCold(log, object, places)
  if (places.length > 0) throw new ColdRead(places)
}

/**
 * Adds to `places` where the records of an object lie that have to be loaded to be read.
 * @param countMax gives up, with what it has, when there are more than so many, and some
 */
export function collectCold({ reader }: Log, object: ObjectState, places: Place[], countMax = Infinity): void {
  for (const { segments, positions, first, end } of object.recordChunks()) {
    for (let i = first; i < end; i++) {
      const segmentNumber = segments[i]!
      const position = positions[i]!
      if (!reader.seek(segmentNumber, position)) places.push({ segmentNumber, position })
    }
    if (places.length > countMax) return
  }
}
