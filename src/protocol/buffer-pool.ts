/*
 * Memory for what is larger than a few requests: values of some KiB on their way in or out. To get it anew each time costs
 * more than to copy the value: pages that the kernel has to clear, and work for the garbage collector.
 *
 * Sizes are rounded up to a class, of which there are four between one power of two and the next, so that a quarter is
 * wasted at most.
 */

/** Smaller buffers cost little. */
const POOLED_SIZE_MIN = 8 * 1024
/** Larger ones are rare, and few would fill the pool. */
const POOLED_SIZE_MAX = 2 * 1024 * 1024
/**
 * Bytes of one class that lie in the pool at most: each has its own share, so that large ones do not keep the small ones out, which
 * serve most replies. There are 33 classes.
 */
const CLASS_SIZE_MAX = 4 * 1024 * 1024

const pool = new Map<number, Buffer[]>()

function classOf(size: number): number {
  const step = 1 << (29 - Math.clz32(size - 1))
  return Math.ceil(size / step) * step
}

/** A buffer of `size` bytes or a little more, with anything in it. */
export function takeBuffer(size: number): Buffer {
  if (size < POOLED_SIZE_MIN || size > POOLED_SIZE_MAX) return Buffer.allocUnsafeSlow(size)
  const wanted = classOf(size)
  return pool.get(wanted)?.pop() ?? Buffer.allocUnsafeSlow(wanted)
}

/** Takes back a buffer that nobody reads or writes any more, of whatever origin; others than its own are left alone. */
export function giveBuffer(buffer: Buffer): void {
  const size = buffer.length
  if (size < POOLED_SIZE_MIN || size > POOLED_SIZE_MAX || classOf(size) !== size) return
  if (size !== buffer.buffer.byteLength) return
  let free = pool.get(size)
  if (free === undefined) pool.set(size, (free = []))
  if ((free.length + 1) * size <= CLASS_SIZE_MAX) free.push(buffer)
}
