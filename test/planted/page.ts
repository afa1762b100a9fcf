import type { Bug } from './bugs.js'

const HEAD = `# Planted bugs

A test that cannot fail proves nothing. Here are mistakes that somebody could make in the sources, and for each the test that
finds it. \`npm run test:planted\` proves it: it plants each bug in a copy of the build, runs the tests that are named, and
wants to see them fail (and, before that, pass without the bug). \`-- --only NAME\` tries one. A bug that survives is a test
that is missing; so is a test that catches one with luck only: name one that needs none.

To add one: put it into [bugs.ts](bugs.ts), run \`npm run test:planted -- --only NAME\`, then \`npm run test:planted -- --write\`,
which writes this page.

`

/** The page test/planted/README.md. */
export function renderPage(bugs: readonly Bug[]): string {
  const rows = bugs.map(({ name, why, file, caughtBy }) => [
    name,
    why,
    file,
    caughtBy.map((it) => (it.tests === undefined ? it.file : `${it.file}: "${it.tests}"`)).join(', '),
  ])
  return HEAD + renderTable([['bug', 'what breaks', 'planted in', 'caught by'], ...rows])
}

/** A table as the formatter wants it: every column as wide as its widest cell. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)))
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  )
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
