import { Worker } from 'node:worker_threads'
import { FlinError } from '../errors.js'
import { buffersOf, columnsOf, type FromThread, rewrittenOf, type ThreadData, type ToThread } from './messages.js'
import { CONTROL, stopped } from './pace.js'
import type { Asked, Rewritten, RewriteTask } from './rewrite.js'
import { IDLE_MS, type Rewriter } from './rewriter.js'

const KIB = 1024
const RATE_MAX = 0x7fff_ffff
interface Job {
  readonly asked: Asked
  readonly resolve: (rewritten: Rewritten) => void
  readonly reject: (error: unknown) => void
}

/** Rewrites in a thread of its own, which is begun with the first run, and kept for the next if that comes soon. */
export class ThreadRewriter implements Rewriter {
  readonly #data: ThreadData
  readonly #control: Int32Array
  /** A thread that has had nothing to do for so long ends: its memory is given back whole only then. */
  readonly #idleMs: number
  #worker: Worker | null = null
  #idleTimer: NodeJS.Timeout | null = null
  #job: Job | null = null
  /** What an answer failed with; the thread only knows that it did. */
  #failure: unknown = null

  constructor(folder: string, hashSeed: readonly [number, number], idleMs = IDLE_MS) {
    this.#idleMs = idleMs
    this.#control = new Int32Array(new SharedArrayBuffer(CONTROL.count * 4))
    this.#data = { folder, hashSeed, control: this.#control }
  }

  /** Whether there is a thread just now, at work or waiting for some. */
  get hasThread(): boolean {
    return this.#worker !== null
  }

  rewrite(task: RewriteTask, asked: Asked): Promise<Rewritten> {
    if (Atomics.load(this.#control, CONTROL.stop) === 1) return Promise.reject(stopped())
    this.#failure = null
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    return new Promise((resolve, reject) => {
      this.#job = { asked, resolve, reject }
      this.#send({ type: 'rewrite', task })
      // What is under way keeps the process; a thread that waits for work does not.
      this.#worker!.ref()
    })
  }

  setRate(bytesPerSecond: number): void {
    const rate = bytesPerSecond === 0 ? 0 : Math.max(1, Math.min(RATE_MAX, Math.round(bytesPerSecond / KIB)))
    Atomics.store(this.#control, CONTROL.rate, rate)
  }

  stop(): void {
    Atomics.store(this.#control, CONTROL.stop, 1)
    Atomics.notify(this.#control, CONTROL.stop)
  }

  async close(): Promise<void> {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    await this.#worker?.terminate()
  }

  #send(message: ToThread, handedOver: ArrayBuffer[] = []): void {
    this.#worker ??= this.#begin()
    this.#worker.postMessage(message, handedOver)
  }

  #begin(): Worker {
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: this.#data, execArgv: [] })
    worker.unref()
    worker.on('message', (message: FromThread) => {
      this.#receive(message)
    })
    worker.on('error', (error) => {
      if (this.#worker !== worker) return
      this.#end((job) => {
        job.reject(error)
      })
    })
    worker.on('exit', () => {
      if (this.#worker !== worker) return
      this.#worker = null
      this.#end((job) => {
        job.reject(stopped())
      })
    })
    return worker
  }

  #end(tell: (job: Job) => void): void {
    const job = this.#job
    this.#job = null
    this.#worker?.unref()
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => {
      const worker = this.#worker
      this.#worker = null
      void worker?.terminate()
    }, this.#idleMs).unref()
    if (job !== null) tell(job)
  }

  #receive(message: FromThread): void {
    if (message.type === 'scan') void this.#decide(message)
    else if (message.type === 'room') void this.#makeRoom(message.size)
    else if (message.type === 'done') {
      this.#end((job) => {
        job.resolve(rewrittenOf(message.rewritten))
      })
    } else {
      this.#end((job) => {
        job.reject(this.#failure ?? failureOf(message))
      })
    }
  }

  async #decide({ i, columns, tombstoneOffsets }: FromThread & { type: 'scan' }): Promise<void> {
    let keep: Uint8Array | null = null
    try {
      if (this.#job !== null) keep = await this.#job.asked.decide(i, { columns: columnsOf(columns), tombstoneOffsets })
    } catch (error) {
      this.#failure = error
    }
    if (keep === null) this.#send({ type: 'keep', answer: null })
    else this.#send({ type: 'keep', answer: { keep, columns } }, [...buffersOf(columns), keep.buffer as ArrayBuffer])
  }

  async #makeRoom(size: number): Promise<void> {
    let hasRoom = false
    try {
      await this.#job?.asked.makeRoom(size)
      hasRoom = true
    } catch (error) {
      this.#failure = error
    }
    this.#send({ type: 'go', hasRoom })
  }
}

function failureOf({ code, systemCode, message }: FromThread & { type: 'failed' }): Error {
  if (code !== null) return new FlinError(code, message)
  const error = new Error(message)
  return systemCode === null ? error : Object.assign(error, { code: systemCode })
}
