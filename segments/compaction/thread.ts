import { parentPort, workerData } from 'node:worker_threads'
import { FlinError } from '../errors.js'
import { KeyHasher } from '../key-hash.js'
import { isNodeError } from '../node-disk.js'
import {
  buffersOf,
  buffersOfRewritten,
  type FromThread,
  plainColumns,
  plainRewritten,
  type ThreadData,
  type ToThread,
} from './messages.js'
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
type Answer = (ToThread & { type: 'keep' })['answer']
let answered: (answer: Answer) => void = () => undefined
let go: (hasRoom: boolean) => void = () => undefined

port.on('message', (message: ToThread) => {
  if (message.type === 'keep') answered(message.answer)
  else if (message.type === 'go') go(message.hasRoom)
  else void run(message.task)
})

/** Millions of records are not copied: the columns go to the loop's thread, and come back. */
async function decide(i: number, { columns, tombstoneOffsets }: SegmentScan): Promise<Uint8Array> {
  const answering = new Promise<Answer>((resolve) => (answered = resolve))
  const plain = plainColumns(columns)
  send({ type: 'scan', i, columns: plain, tombstoneOffsets }, buffersOf(plain))
  const answer = await answering
  if (answer === null) throw new FlinError('LOG_CLOSED', 'what stays could not be decided')
  Object.assign(columns, answer.columns)
  return answer.keep
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
    send({ type: 'done', rewritten }, buffersOfRewritten(rewritten))
  } catch (error) {
    const code = error instanceof FlinError ? error.code : null
    const systemCode = isNodeError(error) && !(error instanceof FlinError) ? (error.code ?? null) : null
    send({ type: 'failed', code, systemCode, message: error instanceof Error ? error.message : String(error) })
  }
}

function send(message: FromThread, handedOver: ArrayBuffer[] = []): void {
  port.postMessage(message, handedOver)
}
