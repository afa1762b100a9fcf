import assert from 'node:assert/strict'
import * as runner from 'node:test'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

type Job = () => void | Promise<void>

/** What a test that runs apart can ask of its runner. */
export interface ApartContext {
  /** Runs when the test has ended. */
  readonly after: (job: Job) => void
  readonly diagnostic: (message: string) => void
}

type TestJob = (t: ApartContext) => void | Promise<void>

/** What a file registers its tests with, as with the functions of node:test of these names. */
export interface Apart {
  readonly describe: (name: string, body: () => void) => void
  readonly test: (name: string, job: TestJob) => void
  /** Runs once, before the first test of the group or file that is run. */
  readonly before: (job: Job) => void
}

interface Answer {
  readonly diagnostics: readonly string[]
  readonly failure: Failure | null
}

/** An error as it comes over to another thread. */
interface Failure {
  readonly message: string
  readonly stack: string
  readonly cause: Failure | null
}

/**
 * Tests that run in a thread of their own, one for the file, each told to the runner as it ends. The runner follows every
 * promise of its own thread by async hooks, which costs thirty times as much as an `await`: what is done a hundred thousand
 * times is done here. The file is loaded in both threads: it must register all of its tests so, and no two of one name.
 */
export function apart(url: string): Apart {
  return isMainThread ? outside(url) : inside()
}

/** In the runner's thread: each test asks the other thread to run it. */
function outside(url: string): Apart {
  let worker: Worker | null = null
  const run = async (path: string, t: runner.TestContext): Promise<void> => {
    worker ??= new Worker(new URL(url))
    const answer = await ask(worker, path)
    for (const message of answer.diagnostics) t.diagnostic(message)
    if (answer.failure !== null) throw errorOf(answer.failure)
  }
  const groups: string[] = []
  return {
    describe: (name, body) => {
      void runner.describe(name, () => {
        groups.push(name)
        body()
        groups.pop()
      })
    },
    test: (name) => {
      const path = pathOf(groups, name)
      void runner.test(name, (t) => run(path, t))
    },
    before: () => undefined,
  }
}

/** An idle thread keeps no process alive, and one that dies fails its test. */
function ask(worker: Worker, path: string): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const died = (cause: unknown): void => reject(new Error('the thread of the tests died', { cause }))
    worker.ref()
    worker.once('error', died)
    worker.once('exit', died)
    worker.once('message', (answer: Answer) => {
      worker.off('error', died)
      worker.off('exit', died)
      worker.unref()
      resolve(answer)
    })
    worker.postMessage(path)
  })
}

/** In the thread of the tests: runs each that it is asked for. */
function inside(): Apart {
  const jobs = new Map<string, TestJob>()
  const groups: string[] = []
  let befores: Job[] = []
  const port = parentPort!
  port.on('message', (path: string) => {
    void answerOf(jobs.get(path)!).then((answer) => port.postMessage(answer))
  })
  return {
    describe: (name, body) => {
      const outer = befores
      befores = [...outer]
      groups.push(name)
      body()
      groups.pop()
      befores = outer
    },
    test: (name, job) => {
      const path = pathOf(groups, name)
      assert.ok(!jobs.has(path), `two tests are named ${path}`)
      const first = befores
      jobs.set(path, async (t) => {
        for (const before of first) await before()
        await job(t)
      })
    },
    before: (job) => {
      let done: Promise<void> | null = null
      befores.push(() => (done ??= Promise.resolve(job())))
    },
  }
}

function pathOf(groups: readonly string[], name: string): string {
  return [...groups, name].join(' > ')
}

async function answerOf(job: TestJob): Promise<Answer> {
  const diagnostics: string[] = []
  const afters: Job[] = []
  const t: ApartContext = {
    after: (job) => void afters.push(job),
    diagnostic: (message) => void diagnostics.push(message),
  }
  try {
    try {
      await job(t)
    } finally {
      for (const after of afters) await after()
    }
    return { diagnostics, failure: null }
  } catch (error) {
    return { diagnostics, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), stack: String(error), cause: null }
  const { message, stack = message, cause } = error
  return { message, stack, cause: cause === undefined ? null : failureOf(cause) }
}

function errorOf({ message, stack, cause }: Failure): Error {
  const error = new Error(message, cause === null ? {} : { cause: errorOf(cause) })
  error.stack = stack
  return error
}
