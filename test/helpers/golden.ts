import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The sources' folder: what is compiled lies three levels below the project's own. */
const FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../test/golden')

/** Compares a text with test/golden/NAME; with FLIN_GOLDEN_UPDATE=1 writes it there instead, to be looked at and committed. */
export function expectGolden(name: string, text: string): void {
  const file = path.join(FOLDER, name)
  if (process.env['FLIN_GOLDEN_UPDATE'] === '1') fs.writeFileSync(file, text)
  assert.equal(text, fs.readFileSync(file, 'utf8'), `the output differs from test/golden/${name}`)
}
