const KEPT_SIZE_MAX = 64 * 1024

const kept = Buffer.allocUnsafeSlow(KEPT_SIZE_MAX)

/** Memory to make a new value in; what lies in it is undefined, and it holds until the next call. */
export function scratch(size: number): Buffer {
  return size <= KEPT_SIZE_MAX ? kept : Buffer.allocUnsafeSlow(size)
}
