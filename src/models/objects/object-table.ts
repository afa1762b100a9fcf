import { CLASS_SIZES, type HashIndex, type Log, type ReplayedRecord } from '../../../segments/index.js'
import { seekPlace } from '../key-entry.js'
import { objectIdOf, type ObjectState, type ObjectType } from './object-state.js'

/** Of which key an object is, as far as a replay has got. */
interface Binding {
  readonly object: ObjectState
  readonly hi: number
  readonly lo: number
  readonly segment: number
  readonly position: number
}

/** A place in the log as one number, to look it up by. */
function placeNumber(segment: number, position: number): number {
  return segment * 2 ** 32 + position
}

/** All objects, by their ids. Which key has which is told by the key's record alone. */
export class ObjectTable {
  readonly #types = new Map<number, ObjectType>()
  readonly #typeOfMember = new Map<number, ObjectType>()
  readonly #byId = new Map<number, ObjectState>()
  /** During a replay only. */
  #bindings: Map<number, Binding> | null = new Map()
  /** During a replay only: the objects that the bindings are of, by the places of the keys' records. */
  readonly #boundAt = new Map<number, number>()

  readonly #deadSizes: number[]

  constructor(types: readonly ObjectType[], deadSizes: number[]) {
    this.#deadSizes = deadSizes
    for (const type of types) {
      this.#types.set(type.kind, type)
      for (const kind of type.memberKinds) this.#typeOfMember.set(kind, type)
    }
  }

  get count(): number {
    return this.#byId.size
  }

  /** Bytes in memory. */
  get byteSize(): number {
    let size = 0
    for (const object of this.#byId.values()) size += object.byteSize
    return size
  }

  isObject(kind: number): boolean {
    return this.#types.has(kind)
  }

  isMember(kind: number): boolean {
    return this.#typeOfMember.has(kind)
  }

  /** Name of the type whose keys have records of this kind. */
  typeName(kind: number): string {
    return this.#types.get(kind)!.name
  }

  /** @param id of an object that is there */
  get(id: number): ObjectState {
    return this.#byId.get(id)!
  }

  create(kind: number, id: number): ObjectState {
    const object = this.#types.get(kind)!.create(id, this.#deadSizes)
    this.#byId.set(id, object)
    return object
  }

  /** An object is gone, with all its members: their bytes in the log are dead. */
  remove(id: number): void {
    const deadSizes = this.#deadSizes
    const object = this.#byId.get(id)!
    this.#byId.delete(id)
    for (const { segments, sizeClasses, first, end } of object.recordChunks()) {
      for (let i = first; i < end; i++) deadSizes[segments[i]!]! += CLASS_SIZES[sizeClasses[i]!]!
    }
  }

  clear(): void {
    this.#byId.clear()
    this.#bindings?.clear()
    this.#boundAt.clear()
  }

  // ---- a replay: members may come before the record of their key, which a rename has written anew, and those of objects that are
  // gone may come, too

  /** A key's record that names an object. */
  replayObject(record: ReplayedRecord): void {
    const { kind, datum, hi, lo, segmentNumber: segment, position } = record
    const object = this.#byId.get(datum) ?? this.create(kind, datum)
    const before = this.#bindings?.get(datum)
    if (before !== undefined) this.#boundAt.delete(placeNumber(before.segment, before.position))
    this.#bindings?.set(datum, { object, hi, lo, segment, position })
    this.#boundAt.set(placeNumber(segment, position), datum)
  }

  /** The object whose key has its record there ends. Nothing happens where another record has named it since. */
  replayEnd(segment: number, position: number): void {
    const place = placeNumber(segment, position)
    const id = this.#boundAt.get(place)
    if (id === undefined) return
    this.#boundAt.delete(place)
    this.#bindings?.delete(id)
    this.remove(id)
  }

  replayMember(record: ReplayedRecord): void {
    const id = objectIdOf(record)
    const object = this.#byId.get(id) ?? this.create(this.#typeOfMember.get(record.kind)!.kind, id)
    object.replay(record)
  }

  /**
   * The replay is over: what no key has is dead, and forgotten.
   * @param onAlive told of each object that is not, with the hash of its key
   */
  async settle(
    index: HashIndex,
    log: Log,
    onAlive: (object: ObjectState, hi: number, lo: number) => void,
  ): Promise<void> {
    const bindings = this.#bindings!
    this.#bindings = null
    this.#boundAt.clear()
    for (const id of [...this.#byId.keys()]) {
      const binding = bindings.get(id)
      const isBound =
        binding !== undefined && seekPlace(index, binding.hi, binding.lo, binding.segment, binding.position)
      if (isBound) {
        await binding.object.settle(log)
        onAlive(binding.object, binding.hi, binding.lo)
      } else this.remove(id)
    }
  }

  // ---- compaction

  isLive(record: ReplayedRecord): boolean {
    return this.#byId.get(objectIdOf(record))?.isLive(record) ?? false
  }

  moved(record: ReplayedRecord, segmentNumber: number, position: number): boolean {
    return this.#byId.get(objectIdOf(record))?.moved(record, segmentNumber, position) ?? false
  }

  /** Adds to `counts`, where it is not negative, how many live records of members lie in each segment, in steps. */
  *countRecords(counts: Int32Array): Generator<number, void, undefined> {
    for (const object of this.#byId.values()) {
      for (const { segments, first, end } of object.recordChunks()) {
        for (let i = first; i < end; i++) {
          const segment = segments[i]!
          if (segment < counts.length && counts[segment]! >= 0) counts[segment]!++
        }
        yield end - first
      }
    }
  }
}
