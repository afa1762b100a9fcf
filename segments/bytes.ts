/** Up to this size a loop is faster than a call with the two views that it needs. */
const COMPARE_BY_LOOP_MAX = 128

/** Whether two ranges of the same size hold the same bytes. */
export function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, size: number): boolean {
  if (size > COMPARE_BY_LOOP_MAX) {
    return Buffer.compare(a.subarray(aStart, aStart + size), b.subarray(bStart, bStart + size)) === 0
  }
  for (let i = 0; i < size; i++) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}

const EMPTY = Buffer.alloc(0)
/** Up to this size bytes are copied one by one; a view of either side costs more than that. */
const COPY_BY_BYTES_MAX = 16
/** Up to this size a loop over words is faster than the call into the runtime, which makes a view each time. */
export const COPY_BY_LOOP_MAX = 96

/** The views used last: whoever copies many small pieces copies them between the same two buffers. */
const source = { bytes: EMPTY, view: new DataView(EMPTY.buffer) }
const target = { bytes: EMPTY, view: new DataView(EMPTY.buffer) }

function viewOf(cached: { bytes: Buffer; view: DataView }, bytes: Buffer): DataView {
  if (cached.bytes !== bytes) {
    cached.bytes = bytes
    cached.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  return cached.view
}

/** Copies bytes to where there is room for them; small pieces by loop. The two ranges must not overlap. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  const size = end - start
  if (size > COPY_BY_LOOP_MAX) {
    from.copy(to, at, start, end)
    return
  }
  let i = start
  if (size > COPY_BY_BYTES_MAX) {
    const read = viewOf(source, from)
    const write = viewOf(target, to)
    for (const stop = end - 7; i < stop; i += 8, at += 8) {
      write.setInt32(at, read.getInt32(i, true), true)
      write.setInt32(at + 4, read.getInt32(i + 4, true), true)
    }
  }
  while (i < end) to[at++] = from[i++]!
}
