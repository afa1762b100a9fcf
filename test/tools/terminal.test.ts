import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminalOf } from '../../tools/terminal.js'

test('a terminal says how large it is; under watch the environment does', () => {
  const at = (stream: object, env: NodeJS.ProcessEnv) => terminalOf(stream, env)
  assert.deepEqual(at({ isTTY: true, columns: 120, rows: 40 }, { COLUMNS: '10', LANG: 'C.UTF-8' }), {
    columns: 120,
    rows: 40,
    hasColour: true,
    isUnicode: true,
  })
  assert.deepEqual(at({}, { COLUMNS: '90', LINES: '30', LC_ALL: 'POSIX', LANG: 'C.UTF-8' }), {
    columns: 90,
    rows: 30,
    hasColour: false,
    isUnicode: false,
  })
  assert.deepEqual(at({}, { COLUMNS: 'x', LINES: '0' }), {
    columns: 80,
    rows: null,
    hasColour: false,
    isUnicode: false,
  })
})

test('no colours where they are not wanted', () => {
  const hasColour = (env: NodeJS.ProcessEnv): boolean => terminalOf({ isTTY: true }, env).hasColour
  assert.deepEqual(
    [hasColour({}), hasColour({ NO_COLOR: '1' }), hasColour({ NO_COLOR: '' }), hasColour({ TERM: 'dumb' })],
    [true, false, true, false],
  )
})
