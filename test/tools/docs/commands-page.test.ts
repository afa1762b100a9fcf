import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ALL_COMMANDS } from '../../../src/commands/all.js'
import { commandsPage } from '../../../tools/docs/commands-page.js'
import { table } from '../../../tools/docs/markdown.js'
import { ROOT } from '../../helpers/fixtures.js'

test('src/commands/COMMANDS.md is what the registry says: after a change, npm run docs', () => {
  assert.equal(fs.readFileSync(path.join(ROOT, 'src/commands/COMMANDS.md'), 'utf8'), commandsPage())
})

test('every command stands in it once', () => {
  const rows = [...commandsPage().matchAll(/^\| `([A-Z.]+)` +\| -?\d/gm)].map(([, name]) => name!.toLowerCase())
  assert.deepEqual(rows.sort(), ALL_COMMANDS.map(({ name }) => name).sort())
})

test('a table is padded to its widest cells, and bars in cells are escaped', () => {
  assert.equal(
    table(['a', 'long head'], [['b|c', 'd']]),
    ['| a    | long head |', '| ---- | --------- |', '| b\\|c | d         |'].join('\n'),
  )
})
