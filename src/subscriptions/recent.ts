/**
 * Where the messages lie that are appended and not yet committed. Who comes up from behind meets the live messages there: it reads
 * what is committed from the log, then these, and from then on is told of each as it is published.
 */
export class Recent {
  /** Offset, number of the segment and position of each, in order. */
  readonly #places: number[] = []

  add(offset: number, segmentNumber: number, position: number): void {
    this.#places.push(offset, segmentNumber, position)
  }

  /** Everything below the offset is committed. */
  committed(offset: number): void {
    const places = this.#places
    if (places.length === 0) return
    if (places[places.length - 3]! < offset) {
      places.length = 0
      return
    }
    let first = 0
    while (places[first]! < offset) first += 3
    if (first > 0) places.splice(0, first)
  }

  /** Hands over each from an offset on, in order, until `visit` returns false. True: it never did. */
  from(offset: number, visit: (offset: number, segmentNumber: number, position: number) => boolean): boolean {
    const places = this.#places
    for (let i = 0; i < places.length; i += 3) {
      if (places[i]! >= offset && !visit(places[i]!, places[i + 1]!, places[i + 2]!)) return false
    }
    return true
  }
}
