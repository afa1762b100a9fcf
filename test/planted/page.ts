import type { Bug } from './bugs.js'

const HEAD = `# Planted bugs

A test that cannot fail proves nothing. Here are mistakes that somebody could make in the sources, and for each the test that
finds it. \`npm run test:planted\` proves it: it plants one bug after the other in a copy of the build, runs the tests that are
named, and wants to see them fail (and, before that, pass without the bug). \`-- --only NAME\` tries one. A bug that survives
is a test that is missing.

To add one: put it into [bugs.ts](bugs.ts), run \`npm run test:planted -- --only NAME\`, then \`npm run test:planted -- --write\`,
which writes this page.

| bug | what breaks | planted in | caught by |
| --- | --- | --- | --- |
`

/** The page test/planted/README.md. */
export function renderPage(bugs: readonly Bug[]): string {
  const rows = bugs.map(({ name, why, file, caughtBy }) => {
    const tests = caughtBy.map((it) => (it.tests === undefined ? it.file : `${it.file}: "${it.tests}"`))
    return `| ${[name, why, file, tests.join(', ')].join(' | ')} |\n`
  })
  return HEAD + rows.join('')
}
