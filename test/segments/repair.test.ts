import assert from 'node:assert/strict'
import { readHeader, sealBatch } from '../../segments/batch.js'
import { decodeManifest, encodeManifest } from '../../segments/manifest.js'
import { MANIFEST_NAME, segmentName, sideFileName, suspectName } from '../../segments/names.js'
import { applyRepair, planRepair, type RepairPlan } from '../../segments/repair.js'
import { verifyLog } from '../../segments/verify.js'
import { apart } from '../helpers/apart.js'
import { fasterTimers } from '../helpers/faster-timers.js'
import { logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { PlainState } from '../helpers/plain-state.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, smallLog, type SmallLog, withFile } from '../helpers/small-log.js'

const { before, describe, test } = apart(import.meta.url)

fasterTimers()

interface Case {
  readonly name: string
  readonly damage: (log: SmallLog) => Files
  /** What is done to each segment that is hurt. */
  readonly actions: readonly string[]
}

/** The files with one byte changed in a batch of a segment. */
function hit(log: SmallLog, files: Files, segment: number, batch: number): Files {
  const { name, batches } = log.segments[segment]!
  const bytes = Buffer.from(files.get(name)!)
  bytes[batches[batch]!.position + 33]! ^= 1
  return withFile(files, name, bytes)
}

/** The files with batches of a segment as an earlier owner would have written them: whole, and of a lower epoch. */
function fallen(log: SmallLog, segment: number, which: (batch: number) => boolean): Files {
  const { name, batches } = log.segments[segment]!
  const bytes = Buffer.from(log.files.get(name)!)
  batches.forEach(({ position }, i) => {
    const header = readHeader(bytes, position, bytes.length, log.seed)!
    if (which(i)) sealBatch(bytes, position, { ...header, epoch: 0 }, log.seed)
  })
  return withFile(log.files, name, bytes)
}

const CASES: readonly Case[] = [
  { name: 'the first batch of all', damage: (log) => hit(log, log.files, 0, 0), actions: ['rewrite'] },
  { name: 'a batch in the middle', damage: (log) => hit(log, log.files, 0, 2), actions: ['rewrite'] },
  {
    name: 'two batches of a segment and one of another',
    damage: (log) => hit(log, hit(log, hit(log, log.files, 0, 1), 0, 4), 1, 0),
    actions: ['rewrite', 'rewrite'],
  },
  {
    name: 'the end of a sealed segment',
    damage: (log) => {
      const { name, batches } = log.segments[1]!
      return withFile(log.files, name, log.files.get(name)!.subarray(0, batches[2]!.position + 8))
    },
    actions: ['rewrite'],
  },
  {
    name: 'all of a sealed segment',
    damage: (log) => withFile(log.files, log.segments[0]!.name, Buffer.alloc(4096, 7)),
    actions: ['drop'],
  },
  {
    name: 'a sealed segment that is gone',
    damage: (log) => withFile(log.files, log.segments[1]!.name, null),
    actions: ['drop'],
  },
  {
    name: 'a batch of the active segment that is vouched for',
    damage: (log) => hit(log, log.files, 2, 0),
    actions: ['rewrite'],
  },
  {
    name: 'the end of the active segment, for which the manifest vouches',
    damage: (log) => {
      const { name, batches, endOffset } = log.active
      const manifest = { ...log.manifest, epochs: [...log.manifest.epochs, [3, endOffset] as const] }
      const files = withFile(log.files, MANIFEST_NAME, encodeManifest(manifest))
      return withFile(files, name, files.get(name)!.subarray(0, batches.at(-1)!.position))
    },
    actions: ['rewrite'],
  },
  {
    name: 'an active segment that is torn where it begins',
    damage: (log) => withFile(log.files, log.active.name, log.files.get(log.active.name)!.subarray(0, 40)),
    actions: ['rewrite'],
  },
  {
    name: 'an active segment that is gone',
    damage: (log) => withFile(log.files, log.active.name, null),
    actions: ['rewrite'],
  },
  {
    name: 'a torn tail',
    damage: (log) => hit(log, log.files, 2, log.active.batches.length - 1),
    actions: ['rewrite'],
  },
  {
    name: 'two batches of a lower epoch in a sealed segment',
    damage: (log) => fallen(log, 0, (i) => i === 2 || i === 3),
    actions: ['rewrite'],
  },
  { name: 'a sealed segment of a lower epoch', damage: (log) => fallen(log, 1, () => true), actions: ['drop'] },
  {
    name: 'a sealed segment that begins with a lower epoch than the one before',
    damage: (log) => fallen(log, 1, (i) => i === 0),
    actions: ['rewrite'],
  },
  {
    name: 'a batch of a lower epoch in the active segment',
    damage: (log) => fallen(log, 2, (i) => i === 0),
    actions: ['rewrite'],
  },
  {
    name: 'a side file',
    damage: (log) => withFile(log.files, log.segments[0]!.sideName, Buffer.alloc(300, 1)),
    actions: ['remove-side-file'],
  },
]

function isLost(plan: RepairPlan, offset: number): boolean {
  return plan.steps.some(({ damages }) =>
    damages.some((it) => offset >= it.firstOffset && offset < (it.endOffset ?? Infinity)),
  )
}

async function planOf(files: Files): Promise<RepairPlan> {
  return planRepair(SimDisk.of(files, { isQuick: true }))
}

/** A repaired log is not corrupt, opens, holds what was intact, and gives no offset twice. */
async function checkRepaired(log: SmallLog, plan: RepairPlan, disk: SimDisk): Promise<void> {
  const { verdict, findings } = await verifyLog(disk)
  assert.notEqual(verdict, 'corrupt', JSON.stringify(findings))
  assert.deepEqual((await planRepair(disk)).steps, [])
  for (const { quarantine, damages, isMissing } of plan.steps) {
    assert.equal(quarantine.length, isMissing ? 0 : damages.filter(({ size }) => size > 0).length)
    for (const name of quarantine) assert.ok(disk.files().has(name), `${name} is not kept`)
  }
  const state = await PlainState.open(disk, logOptions())
  const expected = log.history.stateOf((end) => !isLost(plan, end - 1))
  for (const key of log.history.keys) assert.deepEqual(await state.read(key), expected.get(key) ?? null, key)
  const told = Math.max(plan.manifest.epochs.at(-1)![1], lostEnd(plan))
  assert.ok(state.log.endOffset >= told, `offset ${state.log.endOffset} would be given again`)
  await state.log.close()
  assert.equal((await verifyLog(disk)).verdict, 'intact')
}

function lostEnd({ steps }: RepairPlan): number {
  return Math.max(0, ...steps.flatMap(({ damages }) => damages.map(({ endOffset }) => endOffset ?? 0)))
}

for (const { name, damage, actions } of CASES) {
  describe(name, () => {
    let log: SmallLog
    let files: Files
    let plan: RepairPlan
    before(async () => {
      log = await smallLog('killed')
      files = damage(log)
      plan = await planOf(files)
    })

    test('a plan changes nothing', async () => {
      const disk = SimDisk.of(files, { isQuick: true })
      await planRepair(disk)
      assert.deepEqual(disk.files(), files)
      assert.deepEqual(
        plan.steps.map((step) => step.action),
        actions,
      )
    })

    test('what is cut is kept byte by byte, and the rest is the log', async () => {
      const disk = SimDisk.of(files, { isQuick: true })
      await applyRepair(disk, plan)
      for (const { segment, quarantine, damages } of plan.steps) {
        const kept = damages.filter(({ size }) => size > 0)
        quarantine.forEach((file, i) => {
          const { position, size } = kept[i]!
          const cut = Buffer.alloc(size)
          files.get(segment)!.copy(cut, 0, position)
          assert.deepEqual(disk.files().get(file), cut)
        })
      }
      assert.equal(disk.openCount, 0)
      await checkRepaired(log, plan, disk)
      const session = await LogSession.open(disk, logOptions())
      await session.put('after', valueFor('after'))
      await session.close()
      const again = await LogSession.open(disk, logOptions())
      assert.deepEqual((await again.read('after'))?.value, valueFor('after'))
      assert.equal((await verifyLog(disk)).verdict, 'intact')
    })

    test('ended at any call, it leaves the log as it was or as it will be', async () => {
      const { calls } = await repaired(files, plan)
      const seen = new Set<string>()
      for (let stopAt = 1; stopAt <= calls; stopAt++) {
        const dead = SimDisk.of(files, { stopAt, isQuick: true, seed: stopAt })
        await Promise.race([applyRepair(dead, plan), dead.stopped])
        for (const left of [dead.crash(stopAt, { isQuick: true }), dead.kill(stopAt, { isQuick: true })]) {
          seen.add(await checkLeft(log, files, plan, left))
        }
      }
      assert.deepEqual([...seen].sort(), ['as it was', 'as it will be'])
    })
  })
}

async function repaired(files: Files, plan: RepairPlan): Promise<SimDisk> {
  const disk = SimDisk.of(files, { isQuick: true })
  await applyRepair(disk, plan)
  return disk
}

async function checkLeft(log: SmallLog, files: Files, plan: RepairPlan, left: SimDisk): Promise<string> {
  const manifest = decodeManifest(left.files().get(MANIFEST_NAME)!)
  const old = decodeManifest(files.get(MANIFEST_NAME)!)
  const [first] = plan.steps
  if (first!.action === 'remove-side-file') {
    // The switch changes nothing: what matters is whether the side file is gone.
    const isGone = (await planRepair(left)).steps.length === 0
    await applyRepair(left, await planRepair(left))
    await checkRepaired(log, plan, left)
    return isGone ? 'as it will be' : 'as it was'
  }
  if (JSON.stringify(manifest) === JSON.stringify(old)) {
    for (const { baseOffset, generation } of old.segments) {
      const name = segmentName(baseOffset, generation)
      assert.deepEqual(left.files().get(name), files.get(name), `${name} has changed before the switch`)
    }
    const again = await planRepair(left)
    assert.deepEqual(again, plan)
    await applyRepair(left, again)
    await checkRepaired(log, plan, left)
    return 'as it was'
  }
  assert.deepEqual(manifest, plan.manifest)
  await checkRepaired(log, plan, left)
  return 'as it will be'
}

test('a log that is whole has nothing to repair', async () => {
  const log = await smallLog('closed')
  const disk = SimDisk.of(log.files, { isQuick: true })
  const plan = await planRepair(disk)
  assert.deepEqual(plan.steps, [])
  assert.deepEqual(plan.manifest, log.manifest)
})

test('a segment that changed since the plan was made is not rewritten by it', async () => {
  const log = await smallLog('closed')
  const plan = await planOf(hit(log, log.files, 0, 2))
  const disk = SimDisk.of(hit(log, hit(log, log.files, 0, 2), 0, 3), { isQuick: true })
  await assert.rejects(applyRepair(disk, plan), /not as it was when the repair was planned/)
  assert.deepEqual(decodeManifest(disk.files().get(MANIFEST_NAME)!), log.manifest)
})

test('the side file that was set aside of a damaged segment goes with it', async () => {
  const log = await smallLog('closed')
  const files = new Map(hit(log, log.files, 0, 2))
  const { baseOffset, generation } = log.manifest.segments[0]!
  const side = sideFileName(baseOffset, generation)
  files.set(suspectName(side), files.get(side)!)
  files.delete(side)
  const disk = await repaired(files, await planOf(files))
  assert.ok(!disk.files().has(suspectName(side)))
})
