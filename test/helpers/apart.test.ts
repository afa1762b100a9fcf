import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const EXAMPLE = fileURLToPath(new URL('./apart-example.js', import.meta.url))

/** Runs the example as a file of tests of its own. */
function run(fault: string): { readonly status: number | null; readonly output: string } {
  const env = { ...process.env, FLIN_APART_FAULT: fault }
  // Otherwise it would report to the runner of this file.
  delete (env as NodeJS.ProcessEnv)['NODE_TEST_CONTEXT']
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', EXAMPLE], {
    ...{ env, encoding: 'utf8', timeout: 30_000 },
  })
  return { status, output: stdout }
}

test('tests that run apart are told of one by one, with what they say', () => {
  const { status, output } = run('none')
  assert.equal(status, 0, output)
  assert.match(output, /ok 1 - passes[^]*ok 2 - goes wrong/)
  assert.match(output, /# begun 1 time\n/)
})

for (const fault of ['assertion', 'after', 'behind', 'exit']) {
  test(`what goes wrong apart fails its test: ${fault}`, () => {
    const { status, output } = run(fault)
    assert.equal(status, 1, output)
    assert.match(output, /\n *ok 1 - passes/)
    assert.match(output, /not ok 2 - goes wrong/)
  })
}
