import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { BUGS } from './bugs.js'
import { renderPage } from './page.js'
import { plant, ROOT } from './source.js'

test('every planted bug still has its place in the sources, and its test', () => {
  for (const bug of BUGS) {
    assert.notEqual(plant(bug), '')
    for (const { file } of bug.caughtBy) assert.ok(fs.existsSync(path.join(ROOT, file)), `${bug.name} names ${file}`)
  }
  assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length, 'two bugs have one name')
})

test('the page tells of all of them', () => {
  const page = fs.readFileSync(path.join(ROOT, 'test/planted/README.md'), 'utf8')
  assert.equal(page, renderPage(BUGS), 'run npm run test:planted -- --write')
})
