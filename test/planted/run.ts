import fs from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { type Bug, BUGS } from './bugs.js'
import { BuildCopy } from './copy.js'
import { renderPage } from './page.js'
import { ROOT } from './source.js'

/** Copies in which bugs are tried at the same time. */
const COPIES = 2

const program = new Command('test:planted')
  .description(
    'Plants bugs in a copy of the build, two at a time, and wants to see the tests fail that are to find them.',
  )
  .option('--only <name...>', 'only these bugs')
  .option('--write', 'write test/planted/README.md, and do nothing else')
program.parse()

const { only, write } = program.opts<{ only?: string[]; write?: true }>()
if (write === true) fs.writeFileSync(path.join(ROOT, 'test/planted/README.md'), renderPage(BUGS))
else process.exitCode = await run(chosen())

function chosen(): readonly Bug[] {
  for (const name of only ?? []) {
    if (!BUGS.some((bug) => bug.name === name))
      program.error(`no bug has the name ${name}; they stand in test/planted/bugs.ts`)
  }
  return BUGS.filter(({ name }) => only === undefined || only.includes(name))
}

/** Returns the exit code: 1 when a bug survives, or a test fails without one. */
async function run(bugs: readonly Bug[]): Promise<number> {
  const copies = Array.from({ length: Math.min(COPIES, bugs.length) }, () => BuildCopy.make())
  let survivors = 0
  try {
    const choices = new Map(bugs.flatMap((bug) => bug.caughtBy.map((it) => [JSON.stringify(it), it] as const)))
    for await (const [choice, outcome] of shared(copies, [...choices.values()], (copy, it) => copy.run(it))) {
      if (outcome === 'passed') continue
      say(`without any bug ${choice.file} (${choice.tests ?? 'all of it'}): ${outcome}`)
      return 1
    }
    say(`${choices.size} choices of tests pass without a bug`)
    const width = Math.max(...bugs.map(({ name }) => name.length))
    for await (const [bug, { caught, tookMs }] of shared(copies, bugs, tried)) {
      const seconds = (tookMs / 1000).toFixed(1).padStart(6)
      if (caught === null) survivors++
      say(`${bug.name.padEnd(width)} ${seconds} s  ${caught ?? 'SURVIVES'}`)
    }
  } finally {
    for (const copy of copies) copy.remove()
  }
  say(survivors === 0 ? 'every bug was caught' : `${survivors} survived: tests are missing`)
  return survivors === 0 ? 0 : 1
}

/** Does each job in the next copy that is free; what came of them in the order of the jobs. Stops when nobody asks for more. */
async function* shared<T, R>(
  copies: readonly BuildCopy[],
  jobs: readonly T[],
  job: (copy: BuildCopy, it: T) => Promise<R>,
): AsyncGenerator<readonly [T, R]> {
  const outcomes = jobs.map(() => deferred<R>())
  let next = 0
  const workers = copies.map(async (copy) => {
    for (let i = next++; i < jobs.length; i = next++) {
      const outcome = outcomes[i]!
      await job(copy, jobs[i]!).then(outcome.resolve, outcome.reject)
    }
  })
  try {
    for (let i = 0; i < jobs.length; i++) yield [jobs[i]!, await outcomes[i]!.promise]
  } finally {
    next = jobs.length
    await Promise.all(workers)
  }
}

interface Deferred<R> {
  readonly promise: Promise<R>
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

function deferred<R>(): Deferred<R> {
  let resolve!: (result: R) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<R>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => undefined) // it may fail before somebody asks
  return { promise, resolve, reject }
}

async function tried(copy: BuildCopy, bug: Bug): Promise<{ caught: string | null; tookMs: number }> {
  const began = performance.now()
  const caught = await copy.with(bug, () => firstToCatch(copy, bug))
  return { caught, tookMs: performance.now() - began }
}

async function firstToCatch(copy: BuildCopy, { name, caughtBy }: Bug): Promise<string | null> {
  for (const choice of caughtBy) {
    const outcome = await copy.run(choice)
    if (outcome === 'failed' || outcome === 'hangs') return `${choice.file} ${outcome}`
    if (outcome !== 'passed') say(`${name}: ${choice.file} ${outcome}`)
  }
  return null
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
