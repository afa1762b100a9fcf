import { parentPort, workerData } from 'node:worker_threads'
import { FlinError } from '../errors.js'
import { KeyHasher } from '../key-hash.js'
import { isNodeError } from '../node-disk.js'
import { buffersOf, type FromThread, plainColumns, plainRewritten, type ThreadData, type ToThread } from './messages.js'
import { ThreadPace } from './pace.js'
import { rewriteRun, type RewriteTask } from './rewrite.js'
import type { SegmentScan } from './scan.js'
import { Scratch } from './scratch.js'
import { SyncDisk } from './sync-disk.js'

/** The compaction thread: rewrites what it is told, and asks, segment by segment, what stays. */
const port = parentPort!
const { folder, hashSeed, control } = workerData as ThreadData
const disk = new SyncDisk(folder)
const hasher = new KeyHasher(hashSeed[0], hashSeed[1])
const scratch = new Scratch()
let answer: (keep: Uint8Array | null) => void = () => undefined
let go: (hasRoom: boolean) => void = () => undefined

port.on('message', (message: ToThread) => {
  if (message.type === 'keep') answer(message.keep)
  else if (message.type === 'go') go(message.hasRoom)
  else void run(message.task)
})

async function decide(i: number, { columns, tombstoneOffsets }: SegmentScan): Promise<Uint8Array> {
  const answered = new Promise<Uint8Array | null>((resolve) => (answer = resolve))
  send({ type: 'scan', i, columns: plainColumns(columns), tombstoneOffsets })
  const keep = await answered
  if (keep === null) throw new FlinError('LOG_CLOSED', 'what stays could not be decided')
  return keep
}

async function makeRoom(size: number): Promise<void> {
  const answered = new Promise<boolean>((resolve) => (go = resolve))
  send({ type: 'room', size })
  if (!(await answered)) throw new FlinError('DISK_FULL', 'there is no room for what was to be written')
}

async function run(task: RewriteTask): Promise<void> {
  try {
    const made = await rewriteRun(disk, hasher, task, { decide, makeRoom }, new ThreadPace(control), scratch)
    const rewritten = plainRewritten(made)
    const { memory } = rewritten
    const buffers = made.isUnchanged ? [] : buffersOf(rewritten.columns)
    if (memory !== null) buffers.push(memory.buffer as ArrayBuffer)
    send({ type: 'done', rewritten }, buffers)
  } catch (error) {
    const code = error instanceof FlinError ? error.code : null
    const systemCode = isNodeError(error) && !(error instanceof FlinError) ? (error.code ?? null) : null
    send({ type: 'failed', code, systemCode, message: error instanceof Error ? error.message : String(error) })
  }
}

function send(message: FromThread, handedOver: ArrayBuffer[] = []): void {
  port.postMessage(message, handedOver)
}
