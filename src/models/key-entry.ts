import { sizeClassOf, type HashIndex } from '../../segments/index.js'

/** Bits of an index entry's tag; from {@link TAG_SIZE_SHIFT} on it holds the size class of the record. */
export const TAG = {
  expires: 1,
  collides: 2,
  /** The key has an object: its record names which. */
  object: 4,
} as const
export const TAG_SIZE_SHIFT = 3

/** The part of a tag that says how large the record is. */
export function sizeTag(size: number): number {
  return sizeClassOf(size) << TAG_SIZE_SHIFT
}

/** Stands on the entry with this hash and place; false when there is none: the record there is not the newest of its key. */
export function seekPlace(index: HashIndex, hi: number, lo: number, segment: number, position: number): boolean {
  for (let ok = index.seek(hi, lo); ok; ok = index.seekNext()) {
    if (index.segment === segment && index.position === position) return true
  }
  return false
}
