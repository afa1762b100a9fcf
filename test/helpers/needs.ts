import { spawnSync } from 'node:child_process'

/** What node:test takes as a test's options: run it, or skip it and say why. */
export interface Needed {
  readonly skip: false | string
}

/**
 * Options for a test that needs programs which npm does not bring. Without one of them the test is skipped, loudly; where
 * nothing may be skipped (`FLIN_TESTS_SKIP_NOTHING=1`, which the build sets) it fails instead.
 *
 *   test('...', needs('redis-server'), async (t) => { ... })
 * @throws Error when one is missing and nothing may be skipped.
 */
export function needs(...programs: string[]): Needed {
  const missing = programs.filter((program) => !exists(program))
  if (missing.length === 0) return { skip: false }
  const text = `${missing.join(', ')} not found: install it (on Debian: apt-get install redis-server)`
  if (process.env['FLIN_TESTS_SKIP_NOTHING'] === '1') throw new Error(`nothing may be skipped, but ${text}`)
  process.stderr.write(`\n*** TESTS SKIPPED *** ${text}\n\n`)
  return { skip: text }
}

function exists(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}
