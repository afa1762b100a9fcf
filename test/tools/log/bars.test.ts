import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bar, drawBars } from '../../../tools/log/bars.js'
import type { Terminal } from '../../../tools/terminal.js'

const PLAIN: Terminal = { columns: 50, rows: null, hasColour: false, isUnicode: false }

function bar(label: string, size: number, liveSize: number, tombstoneSize = 0, isActive = false): Bar {
  return { label, size, liveSize, tombstoneSize, isActive, count: 1 }
}

test('bars fill the width, as long as their segments are large', () => {
  const bars = [bar('0-1', 1000, 500, 100), bar('10-0', 1000, 0), bar('2000-0', 500, 500, 0, true), bar('3-0', 0, 0)]
  const text = drawBars(bars, PLAIN)
  assert.deepEqual(text.split('\n'), [
    '   0-1 |#########:.......|  50%  1000 bytes',
    '  10-0 |.................|   0%  1000 bytes',
    '2000-0 |#########        | 100%  500 bytes  active',
    '   3-0 |                 |    -  0 bytes',
    '# live   : tombstones   . dead',
    '',
  ])
})

test('what is not nothing can be seen, and no line is wider than the terminal', () => {
  const bars = [bar('0-0', 1_000_000, 999_999), bar('1-0', 1, 1), bar('2-0', 333_333, 111_111, 111_111)]
  for (let columns = 40; columns < 200; columns += 7) {
    const lines = drawBars(bars, { ...PLAIN, columns })
      .trimEnd()
      .split('\n')
    assert.match(lines[1]!, /\|# +\|/)
    for (const line of lines.slice(0, -1)) assert.ok(line.length <= columns, `${line.length} in ${columns}`)
    const cells = lines.slice(0, -1).map((line) => line.lastIndexOf('|'))
    assert.equal(new Set(cells).size, 1, 'bars begin and end in the same columns')
  }
})

test('on a terminal there are colours; with a locale of UTF-8 blocks', () => {
  const [line] = drawBars([bar('0-0', 100, 100)], { ...PLAIN, hasColour: true, isUnicode: true }).split('\n')
  assert.match(line!, /^0-0 \|\x1b\[32m█+\x1b\[0m\| 100% {2}100 bytes$/) // eslint-disable-line no-control-regex
})

test('more segments than the terminal has lines: neighbours are drawn together', () => {
  const bars = Array.from({ length: 100 }, (_, i) => bar(`${i}-0`, 10, i < 50 ? 0 : 10))
  const lines = drawBars(bars, { ...PLAIN, rows: 16 })
    .trimEnd()
    .split('\n')
  assert.equal(lines.length, 11)
  assert.match(lines[0]!, /^ 0-0 \|\.+\| {3}0% {2}100 bytes {2}x10$/)
  assert.match(lines[9]!, /^90-0 \|#+\| 100% {2}100 bytes {2}x10$/)
})
