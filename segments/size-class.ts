/**
 * Sizes of records in 8 bits: below 128 bytes exactly, from there on to a sixteenth. It is what an index entry remembers of the record
 * that it points to, so that what dies with it can be counted without looking at it.
 */
const MANTISSA_BITS = 3
const STEPS = 1 << MANTISSA_BITS

/** How many bits a class takes. */
export const SIZE_CLASS_BITS = 8

/** @param size bytes, a multiple of 8 below 2^32 */
export function sizeClassOf(size: number): number {
  const units = size >>> 3
  if (units < STEPS) return units
  const shift = 31 - MANTISSA_BITS - Math.clz32(units)
  return (shift << MANTISSA_BITS) + (units >>> shift)
}

/** Class -> bytes: the middle of the sizes that have it. */
export const CLASS_SIZES: Float64Array = Float64Array.from({ length: 1 << SIZE_CLASS_BITS }, (_, sizeClass) => {
  if (sizeClass < STEPS) return sizeClass * 8
  const shift = (sizeClass >>> MANTISSA_BITS) - 1
  const width = 2 ** shift
  return 8 * (((sizeClass & (STEPS - 1)) + STEPS) * width + (width - 1) / 2)
})
