import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ERROR_CODES, type ErrorCode } from '../../segments/index.js'
import { RESP_CODES } from '../../src/commands/error-text.js'
import { EXIT_CODES, EXIT_UNFORESEEN } from '../../src/exit-codes.js'
import { ROOT } from '../helpers/fixtures.js'

const PAGE = fs.readFileSync(path.join(ROOT, 'src/ERRORS.md'), 'utf8')

/** Codes of failures that come before anybody can connect. */
const BEFORE_CLIENTS: readonly ErrorCode[] = ['BAD_SETTING', 'FOLDER_LOCKED', 'FORMAT_UNKNOWN', 'PORT_TAKEN']

/** Text of each section by its heading. */
const sections = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n'))] as const),
)

test('there is one section a code, in the order of the list', () => {
  assert.deepEqual([...sections.keys()], [...ERROR_CODES])
})

test('each says which exit code and which word it has', () => {
  for (const code of ERROR_CODES) {
    const found = /^\n\nExit code: (\S+)\. Clients see: (\S+)\.\n/.exec(sections.get(code)!)
    assert.ok(found !== null, `${code}: its first line does not say it`)
    const word = BEFORE_CLIENTS.includes(code) ? 'nothing' : `\`${RESP_CODES[code] ?? 'ERR'}\``
    assert.deepEqual([found[1], found[2]], [String(EXIT_CODES[code] ?? 'none'), word], code)
  }
})

test('each says what happened, what it means for the data, and what to do', () => {
  for (const [code, text] of sections) {
    for (const part of ['What happened.', 'The data.', 'What to do.']) {
      const found = text.split(`\n**${part}** `)
      assert.equal(found.length, 2, `${code}: ${part}`)
      assert.ok(found[1]!.split('\n\n')[0]!.length >= 20, `${code}: ${part} says nothing`)
    }
  }
})

test('the table of exit codes has all of them, and names the codes that lead to each', () => {
  const rows = [...PAGE.matchAll(/^\| (\d+) +\| (.*) \|$/gm)].map(([, exit, text]) => [Number(exit), text!] as const)
  const known = new Set([0, 1, EXIT_UNFORESEEN, ...Object.values(EXIT_CODES)])
  assert.deepEqual(
    rows.map(([exit]) => exit),
    [...known].sort((a, b) => a - b),
  )
  for (const [code, exit] of Object.entries(EXIT_CODES)) {
    const text = rows.find(([number]) => number === exit)![1]
    assert.ok(text.includes(`[${code}](#${code.toLowerCase()})`), `${exit} does not name ${code}`)
  }
})

test('links within the page lead to a section', () => {
  for (const [, target] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(sections.has(target!.toUpperCase()), target)
})

test('every code is thrown somewhere, and no other', () => {
  const sources = ['segments', 'src', 'tools'].flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => fs.readFileSync(path.join(ROOT, folder, name), 'utf8')),
  )
  const thrown = sources.flatMap((text) =>
    [...text.matchAll(/new FlinError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code!),
  )
  assert.deepEqual([...new Set(thrown)].sort(), [...ERROR_CODES].sort())
})
