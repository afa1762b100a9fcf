import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dying } from '../../../segments/compaction/dying.js'
import { Segment } from '../../../segments/segment.js'

/** Neighbours of a hundred records each. */
function neighbours(count: number): Segment[] {
  return Array.from({ length: count }, (_, i) => {
    const segment = new Segment(i, i * 100, 0)
    segment.recordCount = 100
    return segment
  })
}

/** Looks at segments of which so many records are alive, and says by number what is gone, and what is waited for. */
async function look(dying: Dying, segments: readonly Segment[], endOffset: number, live: readonly number[]) {
  const outlook = await dying.look(segments, endOffset, (numbers) => {
    assert.deepEqual(
      numbers,
      segments.map(({ number }) => number),
    )
    return Promise.resolve(live)
  })
  return { gone: outlook.gone.map(({ number }) => number), dying: outlook.dying.map(({ number }) => number) }
}

test('of what is dead to the last record the first neighbours go', async () => {
  const segments = neighbours(5)
  assert.deepEqual(await look(new Dying(), segments, 600, [0, 0, 1, 0, 2]), { gone: [0, 1], dying: [] })
  assert.deepEqual(await look(new Dying(), segments, 600, [3, 0, 0, 0, 0]), { gone: [1, 2, 3, 4], dying: [] })
})

test('what is left is waited for while it halves, and what does not is not', async () => {
  const dying = new Dying()
  const segments = neighbours(2)
  assert.deepEqual(await look(dying, segments, 600, [8, 8]), { gone: [], dying: [0, 1] })
  assert.deepEqual(await look(dying, segments, 624, [8, 8]), { gone: [], dying: [0, 1] }, 'too early to tell')
  assert.deepEqual(await look(dying, segments, 625, [4, 5]), { gone: [], dying: [0] })
  assert.deepEqual(await look(dying, segments, 650, [2, 5]), { gone: [], dying: [0] })
  assert.deepEqual(await look(dying, segments, 675, [0, 2]), { gone: [0], dying: [] })
})

test('where nothing is written, or little, nothing is waited for', async () => {
  const dying = new Dying()
  const [segment] = neighbours(1)
  assert.deepEqual(await look(dying, [segment!], 600, [8]), { gone: [], dying: [0] })
  assert.deepEqual(await look(dying, [segment!], 600, [8]), { gone: [], dying: [] })
  const slow = new Dying()
  let looks = 0
  while ((await look(slow, [segment!], 600 + looks, [8])).dying.length > 0) looks++
  assert.equal(looks, 20)
})

test('of many it is not waited for any: they take the disk', async () => {
  assert.equal((await look(new Dying(), neighbours(3), 600, [1, 1, 1])).dying.length, 3)
  assert.equal((await look(new Dying(), neighbours(4), 600, [1, 1, 1, 1])).dying.length, 0)
})
