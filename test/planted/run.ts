import fs from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { type Bug, BUGS } from './bugs.js'
import { BuildCopy } from './copy.js'
import { renderPage } from './page.js'
import { ROOT } from './source.js'

const program = new Command('test:planted')
  .description(
    'Plants bugs in a copy of the build, one after the other, and wants to see the tests fail that are to find them.',
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
  const copy = BuildCopy.make()
  let survivors = 0
  try {
    const choices = new Map(bugs.flatMap((bug) => bug.caughtBy.map((it) => [JSON.stringify(it), it] as const)))
    for (const choice of choices.values()) {
      const outcome = await copy.run(choice)
      if (outcome === 'passed') continue
      say(`without any bug ${choice.file} (${choice.tests ?? 'all of it'}): ${outcome}`)
      return 1
    }
    say(`${choices.size} choices of tests pass without a bug`)
    const width = Math.max(...bugs.map(({ name }) => name.length))
    for (const bug of bugs) {
      const began = performance.now()
      const caught = await copy.with(bug, () => firstToCatch(copy, bug))
      const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6)
      if (caught === null) survivors++
      say(`${bug.name.padEnd(width)} ${seconds} s  ${caught ?? 'SURVIVES'}`)
    }
  } finally {
    copy.remove()
  }
  say(survivors === 0 ? 'every bug was caught' : `${survivors} survived: tests are missing`)
  return survivors === 0 ? 0 : 1
}

async function firstToCatch(copy: BuildCopy, { caughtBy }: Bug): Promise<string | null> {
  for (const choice of caughtBy) {
    const outcome = await copy.run(choice)
    if (outcome === 'failed' || outcome === 'hangs') return `${choice.file} ${outcome}`
    if (outcome !== 'passed') say(`${choice.file} ${outcome}`)
  }
  return null
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
