import { CLASS_SIZES, sizeClassOf } from '../../../segments/index.js'

/** What a stream has besides entries: told by its kind and its order, which is the offset of its first record. */
export class StreamMember {
  readonly kind: number
  readonly order: number
  /** Where its newest record lies. */
  segment: number
  position: number
  sizeClass: number

  constructor(kind: number, order: number, segment: number, position: number, size: number) {
    this.kind = kind
    this.order = order
    this.segment = segment
    this.position = position
    this.sizeClass = sizeClassOf(size)
  }

  /** Bytes that its record takes in the log, more or less. */
  get recordSize(): number {
    return CLASS_SIZES[this.sizeClass]!
  }

  setPlace(segment: number, position: number, size: number): void {
    this.segment = segment
    this.position = position
    this.sizeClass = sizeClassOf(size)
  }

  isAt(segment: number, position: number): boolean {
    return this.segment === segment && this.position === position
  }
}
