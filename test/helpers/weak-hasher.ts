import { KeyHasher } from '../../segments/index.js'

/** A hash with eight values only: nearly all keys collide. */
export class WeakHasher extends KeyHasher {
  override hash(bytes: Uint8Array, start: number, end: number): void {
    super.hash(bytes, start, end)
    this.hi &= 0x4000_0000
    this.lo &= 3
  }
}
