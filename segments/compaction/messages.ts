import type { RestartColumns, SparseIndex } from '../restart-columns.js'
import { RestartColumns as Columns, SparseIndex as Sparse } from '../restart-columns.js'
import type { ErrorCode } from '../errors.js'
import type { Rewritten, RewriteTask } from './rewrite.js'

/** What a compaction thread is made with. */
export interface ThreadData {
  readonly folder: string
  readonly hashSeed: readonly [number, number]
  /** Of CONTROL.count words. */
  readonly control: Int32Array
}

export type ToThread =
  | { type: 'rewrite'; task: RewriteTask }
  /** The answer to `scan`, whose columns it hands back; null: it has failed. */
  | { type: 'keep'; answer: { readonly keep: Uint8Array; readonly columns: PlainColumns } | null }
  /** The answer to `room`. */
  | { type: 'go'; hasRoom: boolean }

export type FromThread =
  | { type: 'scan'; i: number; columns: PlainColumns; tombstoneOffsets: readonly number[] }
  | { type: 'room'; size: number }
  | { type: 'done'; rewritten: PlainRewritten }
  | { type: 'failed'; code: ErrorCode | null; systemCode: string | null; message: string }

/** Classes do not survive a message: their fields do. */
export type PlainColumns = Pick<RestartColumns, 'count' | 'words' | 'kinds' | 'datumCount' | 'datumRecords' | 'data'>
type PlainSparse = Pick<SparseIndex, 'count' | 'positions' | 'offsets'>
export type PlainRewritten = Omit<Rewritten, 'columns' | 'sparse' | 'memory'> & {
  readonly columns: PlainColumns
  readonly sparse: PlainSparse
  readonly memory: Uint8Array | null
}

export function plainColumns({ count, words, kinds, datumCount, datumRecords, data }: RestartColumns): PlainColumns {
  return { count, words, kinds, datumCount, datumRecords, data }
}

export function columnsOf(plain: PlainColumns): RestartColumns {
  return Object.assign(new Columns(0), plain)
}

export function plainRewritten(made: Rewritten): PlainRewritten {
  const { count, positions, offsets } = made.sparse
  return { ...made, columns: plainColumns(made.columns), sparse: { count, positions, offsets } }
}

export function rewrittenOf(plain: PlainRewritten): Rewritten {
  const { memory } = plain
  return {
    ...plain,
    columns: columnsOf(plain.columns),
    sparse: Object.assign(new Sparse(0), plain.sparse),
    memory: memory === null ? null : Buffer.from(memory.buffer, memory.byteOffset, memory.length),
  }
}

/** What of columns can be handed over without a copy: whoever sends it has it no more. */
export function buffersOf({ words, kinds, datumRecords, data }: PlainColumns): ArrayBuffer[] {
  return [words, kinds, datumRecords, data].map((column) => column.buffer as ArrayBuffer)
}

/** The same of all that has become of a run. */
export function buffersOfRewritten({ columns, oldPositions, memory }: PlainRewritten): ArrayBuffer[] {
  const buffers = [...buffersOf(columns), oldPositions.buffer as ArrayBuffer]
  if (memory !== null) buffers.push(memory.buffer as ArrayBuffer)
  return buffers
}
