import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listSegments, type LogStep, readBatches } from '../../segments/inspect.js'
import { SPARE_NAME } from '../../segments/names.js'
import { verifyLog } from '../../segments/verify.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { smallLog, withFile } from '../helpers/small-log.js'
import { until } from '../helpers/until.js'

async function stepsOf(steps: AsyncGenerator<LogStep>): Promise<string[]> {
  const texts: string[] = []
  for await (const step of steps) {
    if (step.type === 'damage') texts.push(`damage ${step.damage.firstOffset}..${step.damage.endOffset ?? '?'}`)
    else texts.push(`${step.header.baseOffset}+${step.header.count}`)
  }
  return texts
}

describe('batches in a range of offsets', () => {
  test('are those that hold one of them, and those without records in between', async () => {
    const { files, segments } = await smallLog('closed')
    const batches = segments.flatMap((segment) => segment.batches)
    const text = (it: { baseOffset: number; endOffset: number }): string =>
      `${it.baseOffset}+${it.endOffset - it.baseOffset}`
    const end = segments.at(-1)!.endOffset
    for (let from = 0; from <= end + 1; from++) {
      for (let to = from; to <= end + 1; to++) {
        const expected = batches.filter((it) =>
          it.endOffset === it.baseOffset
            ? it.baseOffset > from && it.baseOffset <= to
            : it.endOffset > from && it.baseOffset <= to,
        )
        const disk = SimDisk.of(files, { isQuick: true })
        // One without records at the very start belongs to what is before as much as to what follows.
        const found = (await stepsOf(readBatches(disk, from, to))).filter((it) => it !== `${from}+0`)
        assert.deepEqual(found, expected.map(text), `${from} to ${to}`)
      }
    }
  })

  test('tell damage where it touches the range, and nowhere else', async () => {
    const { files, segments } = await smallLog('closed')
    const [first] = segments
    const hurt = first!.batches[2]!
    const bytes = Buffer.from(files.get(first!.name)!)
    bytes[hurt.position + 20]! ^= 1
    const disk = SimDisk.of(withFile(files, first!.name, bytes), { isQuick: true })
    const damage = `damage ${hurt.baseOffset}..${hurt.endOffset}`
    assert.ok((await stepsOf(readBatches(disk))).includes(damage))
    assert.ok((await stepsOf(readBatches(disk, hurt.endOffset - 1))).includes(damage))
    assert.ok(!(await stepsOf(readBatches(disk, hurt.endOffset))).includes(damage))
    assert.ok((await stepsOf(readBatches(disk, 0, hurt.baseOffset))).includes(damage))
    assert.ok(!(await stepsOf(readBatches(disk, 0, hurt.baseOffset - 1))).includes(damage))
  })
})

test('a segment that its owner rewrites while the log is read is read in its new generation, and nothing twice', async () => {
  const disk = new SimDisk({ isQuick: true })
  const session = await LogSession.open(disk, logOptions())
  for (let i = 0; i < 30; i++) await session.put(`key${i % 20}`, valueFor(`v${i}`, 900))
  await session.flush()
  while (session.log.segments.some((segment) => segment.sealed && segment.columns !== null)) {
    await new Promise(setImmediate)
  }
  for (const look of [
    async (held: HeldDisk) => {
      const { verdict, findings } = await verifyLog(held)
      assert.deepEqual([verdict, findings], ['intact', []])
    },
    async (held: HeldDisk) => {
      const steps = await stepsOf(readBatches(held))
      const offsets = steps.filter((it) => !it.endsWith('+0')).map((it) => Number(it.split('+')[0]))
      assert.deepEqual(
        offsets,
        [...new Set(offsets)].sort((a, b) => a - b),
      )
    },
    async (held: HeldDisk) => {
      const { segments, orphans } = await listSegments(held)
      assert.ok(segments.every(({ state }) => state !== 'missing'))
      assert.deepEqual(orphans, [])
    },
  ]) {
    const held = new HeldDisk(disk)
    const { name } = session.log.segments[2]!
    held.holds = (what) => what === `open ${name}` || what === `open ${name.replace('seg', 'side')}`
    const looking = look(held)
    await held.untilHeld(1)
    await session.log.compact(session.keyspace.liveness, async () => {
      await session.flush()
      await session.log.sync()
    })
    held.letAllGo()
    await looking
    for (let i = 0; i < 3; i++) await session.put(`key${i}`, valueFor(`more${i}`, 900))
    await session.flush()
  }
  await session.close()
})

test('what compaction has rewritten is not told as left behind while its owner removes it', async () => {
  const disk = new SimDisk({ isQuick: true })
  const owned = new HeldDisk(disk)
  const session = await LogSession.open(owned, logOptions())
  for (let i = 0; i < 30; i++) await session.put(`key${i % 20}`, valueFor(`v${i}`, 900))
  await session.flush()
  while (session.log.segments.some((segment) => segment.sealed && segment.columns !== null)) {
    await new Promise(setImmediate)
  }
  owned.holds = (what) => /^remove .*-0000\.side$/.test(what)
  const compacting = session.log.compact(session.keyspace.liveness, async () => {
    await session.flush()
    await session.log.sync()
  })
  await owned.untilHeld(1)
  const looker = new HeldDisk(disk)
  const looking = listSegments(looker)
  const lists = (): number => looker.trace.filter((what) => what === 'list ').length
  // Twice in one look: by now it has seen the file.
  await until('it looks again', () => lists() > 2)
  owned.letAllGo()
  await compacting
  assert.deepEqual((await looking).orphans, [])
  await session.close()
})

test('what an owner has at work is not told as left behind; what a crash left is', async () => {
  const { files } = await smallLog('closed')
  const spare = withFile(files, SPARE_NAME, Buffer.alloc(4096))
  assert.deepEqual((await listSegments(SimDisk.of(spare))).orphans, [])
  // A segment that has its name, and is not in the manifest yet: that comes before its first byte.
  const ahead = withFile(spare, '00000000000000000018-0000.seg', Buffer.alloc(4096))
  const { findings, verdict } = await verifyLog(SimDisk.of(ahead))
  assert.deepEqual([findings, verdict], [[], 'intact'])
  const behind = withFile(spare, '00000000000000000001-0000.seg', Buffer.alloc(4096, 1))
  assert.deepEqual(
    (await verifyLog(SimDisk.of(behind))).findings.map(({ type }) => type),
    ['orphan'],
  )
  const newer = withFile(spare, '00000000000000000018-0000.seg', Buffer.alloc(4096, 1))
  assert.equal((await verifyLog(SimDisk.of(newer))).verdict, 'corrupt')
})
