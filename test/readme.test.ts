import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { readSettings, SETTING_NAMES } from '../src/config.js'
import { environmentName } from '../src/setting-names.js'
import { EXIT_CODES, EXIT_UNFORESEEN } from '../src/exit-codes.js'

/** Tests run from dist/test; the page stands beside dist. */
const PAGE = fs.readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The rows of all tables of the page, as lists of cells. */
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )

test('every setting stands in the table, with its names and its default', () => {
  const defaults = readSettings({}, {})
  const SIZES: Readonly<Record<string, string>> = {
    0: 'off',
    67108864: '64mb',
    268435456: '256mb',
    536870912: '512mb',
    1073741824: '1gb',
  }
  for (const name of SETTING_NAMES) {
    const option = `\`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}\``
    const row = ROWS.find((cells) => cells.length === 5 && cells[0] === option)
    assert.ok(row !== undefined, `README.md does not tell of ${option}`)
    const [, environment, , given, inFile] = row
    assert.equal(environment, `\`${environmentName(name)}\``)
    assert.equal(inFile, `\`${name}\``)
    const value = defaults[name as keyof typeof defaults]
    const text = value === false ? 'off' : value === true ? 'yes' : (SIZES[String(value)] ?? String(value))
    assert.equal(given?.replaceAll('`', ''), text, option)
  }
})

test('every exit code stands in the table', () => {
  const codes = new Set([0, EXIT_UNFORESEEN, ...Object.values(EXIT_CODES)])
  const told = ROWS.flatMap(([first]) => (/^\d+$/.test(first ?? '') ? [Number(first)] : []))
  assert.deepEqual(
    told,
    [...codes].sort((a, b) => a - b),
  )
})

test('every script that the page names is there', () => {
  const { scripts } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name] of PAGE.matchAll(/npm run ([\w:-]+)/g)) assert.ok(name! in scripts, name)
})
