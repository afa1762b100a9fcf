import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectRun, type SelectOptions } from '../../../segments/compaction/select.js'
import { TombstoneRule } from '../../../segments/compaction/tombstones.js'
import { RestartColumns } from '../../../segments/restart-columns.js'
import { Segment } from '../../../segments/segment.js'

const SIZE = 1000

interface Given {
  readonly size?: number
  readonly dead?: number
  readonly tombstones?: number
  readonly buriesFrom?: number
  readonly clean?: number
}

/** Sealed segments of a hundred offsets each, and an active one behind them. */
function logOf(given: readonly Given[]): { segments: Segment[]; dead: number[] } {
  const segments = given.map(({ size = SIZE, tombstones = 0, buriesFrom = Infinity, clean = 0 }, i) => {
    const segment = new Segment(i, i * 100, 0)
    Object.assign(segment, { sealed: true, size, endOffset: (i + 1) * 100, cleanOffset: clean })
    if (tombstones > 0) segment.noteTombstone(tombstones, buriesFrom)
    return segment
  })
  segments.push(new Segment(given.length, given.length * 100, 0))
  return { segments, dead: [...given.map(({ dead = 0 }) => dead), 0] }
}

function options(changes: Partial<SelectOptions> = {}): SelectOptions {
  const window = { first: Infinity, offset: Infinity, endOffset: Infinity }
  return { segmentSize: SIZE, liveSizeMax: Infinity, isPressed: false, window, ...changes }
}

function select(given: readonly Given[], isPressed = false) {
  const { segments, dead } = logOf(given)
  return selectRun(segments, dead, options({ isPressed }))
}

const alive: Given = {}
const half: Given = { dead: 600 }

test('nothing is worth it where nothing is dead, or too little', () => {
  assert.equal(select([]), null)
  assert.equal(select([alive, alive, alive]), null)
  assert.equal(select(Array<Given>(4).fill({ dead: 340 })), null)
  assert.notEqual(select(Array<Given>(4).fill({ dead: 360 })), null)
})

test('what is wholly dead goes at once, with its like, and nothing that would be copied', () => {
  assert.deepEqual(select([alive, { dead: SIZE }, alive, alive, alive]), { start: 1, count: 1 })
  assert.deepEqual(select([half, { dead: SIZE }, { dead: 990 }, half, alive]), { start: 1, count: 2 })
})

test('records that die in order are waited for: one segment that is dying is left alone', () => {
  for (const dead of [500, 700, 900]) assert.equal(select([{ dead }, alive, alive, alive, alive]), null)
  assert.equal(select([{ dead: 900 }]), null)
})

test('a large log of which a third is not dead yet is let be, however much that is', () => {
  const of = (dead: number, living: number) =>
    select([...Array.from({ length: dead }, () => half), ...Array.from({ length: living }, () => alive)])
  assert.equal(of(5, 5), null, '3,000 of 10,000')
  assert.notEqual(of(6, 4), null, '3,600 of 10,000')
})

test('of a small log nothing is copied, unless space is short; what is wholly dead goes', () => {
  assert.equal(select(Array<Given>(3).fill({ dead: 900 })), null)
  assert.notEqual(select(Array<Given>(4).fill({ dead: 900 })), null)
  assert.notEqual(select(Array<Given>(3).fill({ dead: 900 }), true), null)
  assert.deepEqual(select([{ dead: SIZE }, { dead: 900 }]), { start: 0, count: 1 })
})

test('where much is dead the best is rewritten, with neighbours that are worth it', () => {
  assert.deepEqual(select([half, { dead: 900 }, alive, half]), { start: 0, count: 2 })
  assert.deepEqual(select([alive, { dead: 850 }, { dead: 850 }, { dead: 850 }, alive]), { start: 1, count: 3 })
})

test('old and new lie on the disk together: a run leaves half a segment, and a whole one only where that is little of the log', () => {
  const halves = (count: number) => select(Array<Given>(count).fill({ dead: 500 }))
  assert.deepEqual(halves(4), { start: 0, count: 1 })
  assert.deepEqual(halves(30), { start: 0, count: 1 })
  assert.deepEqual(halves(32), { start: 0, count: 2 })
  assert.deepEqual(halves(300), { start: 0, count: 2 }, 'never more than a segment')
})

test('while space is short a tenth is enough', () => {
  assert.equal(select([{ dead: 150 }, alive]), null)
  assert.deepEqual(select([{ dead: 150 }, alive], true), { start: 0, count: 1 })
  assert.equal(select([{ dead: 50 }, alive], true), null)
})

test('what is chosen leaves no more than there is room for', () => {
  const { segments, dead } = logOf([{ dead: 500 }, { dead: 900 }, { dead: 800 }, { dead: 500 }])
  const chosen = (liveSizeMax: number) => selectRun(segments, dead, options({ liveSizeMax, isPressed: true }))
  assert.deepEqual(chosen(Infinity), { start: 1, count: 2 })
  assert.deepEqual(chosen(310), { start: 1, count: 2 })
  assert.deepEqual(chosen(290), { start: 1, count: 1 })
  assert.deepEqual(chosen(100), { start: 1, count: 1 })
  assert.equal(chosen(99), null)
  dead[0] = SIZE
  assert.deepEqual(chosen(0), { start: 0, count: 1 }, 'what is wholly dead needs none')
})

test('small neighbours are merged, but none that is more than half of what they become', () => {
  assert.deepEqual(select([{ size: 100 }, { size: 100 }, { size: 200 }, alive]), { start: 0, count: 3 })
  assert.equal(select([{ size: 400 }, { size: 10 }, alive]), null)
  assert.equal(select([{ size: 10 }, alive, { size: 10 }, alive]), null)
})

test('what has no side file yet, or is damaged, is left alone with all behind it', () => {
  const { segments, dead } = logOf([alive, { dead: SIZE }, { dead: SIZE }])
  segments[1]!.columns = new RestartColumns()
  assert.equal(selectRun(segments, dead, options()), null)
  segments[1]!.columns = null
  segments[1]!.isDamaged = true
  assert.equal(selectRun(segments, dead, options()), null)
})

test('tombstones count as dead once nothing is left of what they bury', () => {
  const buried = { dead: 0, tombstones: SIZE, buriesFrom: 50 }
  assert.deepEqual(
    select([{ clean: 300 }, alive, buried, alive]),
    { start: 1, count: 1 },
    'the middle one is looked at',
  )
  assert.deepEqual(select([{ clean: 300 }, { clean: 300 }, buried, alive]), { start: 2, count: 1 })
  assert.deepEqual(select([alive, { ...buried, buriesFrom: 100 }, alive, alive]), { start: 1, count: 1 })
})

test('segments that hold up many tombstones are cleaned, the oldest first, when that costs little beside them', () => {
  const buried = { tombstones: 900, buriesFrom: 0 }
  // A look at what seems to be alive is cheap.
  assert.deepEqual(select([alive, alive, alive, buried]), { start: 0, count: 1 })
  assert.deepEqual(select([{ clean: 400 }, alive, alive, buried]), { start: 1, count: 1 })
  // What has to be copied for it is not.
  const partly: Given = { dead: 100 }
  assert.equal(select([partly, partly, partly, partly, { tombstones: 300, buriesFrom: 0 }]), null)
})

test('the rule: everything from what a tombstone buries up to it has been rewritten since', () => {
  const { segments } = logOf([{ clean: 1000 }, { clean: 350 }, { clean: 500 }, alive])
  const rule = new TombstoneRule(segments.slice(0, 3), 300)
  assert.ok(rule.mayGo(300, 310), 'it buries nothing in front of the run')
  assert.ok(rule.mayGo(200, 499))
  assert.ok(!rule.mayGo(200, 500), 'the third was clean up to there')
  assert.ok(!rule.mayGo(199, 350), 'the second has not been rewritten since')
  assert.ok(rule.mayGo(199, 349))
  assert.ok(rule.mayGo(0, 349))
  assert.ok(!rule.mayGo(0, 350))
  assert.ok(new TombstoneRule([], 0).mayGo(0, 5))
})
