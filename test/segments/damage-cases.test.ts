import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { readHeader, sealBatch } from '../../segments/batch.js'
import { aligned, BATCH_HEADER_SIZE, checksumSeed, HEADER } from '../../segments/format.js'
import { decodeManifest, encodeManifest } from '../../segments/manifest.js'
import { MANIFEST_NAME, segmentName, sideFileName } from '../../segments/names.js'
import type { LogEvent, LogOptions } from '../../segments/options.js'
import { decodeSideFile, encodeSideFile } from '../../segments/side-file.js'
import { writeU32 } from '../../segments/record.js'
import { verifyLog, type VerifyReport } from '../../segments/verify.js'
import { History } from '../helpers/log-history.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { valueFor } from '../helpers/log-workload.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, placesOf, smallLog, type SmallLog, withFile } from '../helpers/small-log.js'

/** The files of a log after what a job does to it, as a kill leaves them, and its history. */
async function logOf(job: (session: LogSession) => Promise<void>): Promise<{ files: Files; history: History }> {
  const disk = new SimDisk({ isQuick: true })
  const history = new History()
  const session = await LogSession.open(disk, logOptions(), history)
  await job(session)
  return { files: disk.files(), history }
}

async function putAll(
  session: LogSession,
  ...entries: readonly (readonly [key: string, value: Buffer])[]
): Promise<void> {
  for (const [key, value] of entries) {
    await session.put(key, value)
    await session.flush()
  }
}

async function reopen(
  files: Files,
  changes: Partial<LogOptions> = {},
  history = new History(),
): Promise<{ session: LogSession; disk: SimDisk; events: LogEvent[] }> {
  const disk = SimDisk.of(files, { isQuick: true })
  const events: LogEvent[] = []
  const options = logOptions({ onEvent: (event) => events.push(event), ...changes })
  const session = await LogSession.open(disk, options, history)
  return { session, disk, events }
}

function verify(files: Files): Promise<VerifyReport> {
  return verifyLog(SimDisk.of(files, { isQuick: true }))
}

/** Every key is what it was when the log ended at `endOffset`. */
async function expectState(session: LogSession, history: History, endOffset: number): Promise<void> {
  assert.equal(session.log.endOffset, endOffset)
  const expected = history.stateAt(endOffset)
  for (const key of history.keys) assert.deepEqual(await session.read(key), expected.get(key) ?? null, key)
}

async function expectTorn(files: Files, history: History, endOffset: number): Promise<void> {
  assert.equal((await verify(files)).verdict, 'mendable')
  const { session, events } = await reopen(files)
  assert.ok(events.some((event) => event.type === 'torn-tail' && event.firstOffset === endOffset))
  await expectState(session, history, endOffset)
}

async function expectCorrupt(files: Files, lost: RegExp): Promise<void> {
  assert.equal((await verify(files)).verdict, 'corrupt')
  await assert.rejects(reopen(files), (error) => isFlinError(error, 'LOG_CORRUPT') && lost.test(error.message))
}

/** Changes the bytes of a file. */
function edited(files: Files, name: string, edit: (bytes: Buffer) => void): Files {
  const bytes = Buffer.from(files.get(name)!)
  edit(bytes)
  return withFile(files, name, bytes)
}

function withoutSide(files: Files, baseOffset = 0): Files {
  return withFile(files, sideFileName(baseOffset, 0), null)
}

const FIRST = segmentName(0, 0)

describe('the end of the log', () => {
  const THREE = [
    ['a', valueFor('a1')],
    ['b', valueFor('b1')],
    ['a', valueFor('a2')],
  ] as const

  test('the last batch hit before anything vouched for it is torn: what was before it is served', async () => {
    const { files, history } = await logOf((session) => putAll(session, ...THREE))
    const last = placesOf(files).active.batches.at(-1)!
    await expectTorn(
      edited(files, FIRST, (bytes) => (bytes[last.position + last.size - 9]! ^= 1)),
      history,
      2,
    )
  })

  test('the last batch hit after a clean close is corrupt: the batch without records vouches for it', async () => {
    const { files } = await logOf(async (session) => {
      await putAll(session, ...THREE)
      await session.close()
    })
    const last = placesOf(files).active.batches.at(-2)!
    await expectCorrupt(
      edited(files, FIRST, (bytes) => (bytes[last.position + last.size - 9]! ^= 1)),
      /offset 2 is lost/,
    )
  })

  test('the last batch gone without a trace after a restart is corrupt: the manifest vouches for it', async () => {
    const { files } = await logOf((session) => putAll(session, ...THREE))
    const { disk, session } = await reopen(files)
    await session.close()
    const last = placesOf(files).active.batches.at(-1)!
    await expectCorrupt(
      edited(disk.files(), FIRST, (bytes) => bytes.fill(0, last.position)),
      /offset 2 is lost/,
    )
  })

  test('the batch that vouches, hit itself, takes nothing with it', async () => {
    const { files, history } = await logOf(async (session) => {
      await putAll(session, ...THREE)
      await session.close()
    })
    const last = placesOf(files).active.batches.at(-1)!
    assert.equal(last.baseOffset, last.endOffset)
    await expectTorn(
      edited(files, FIRST, (bytes) => (bytes[last.position + 9]! ^= 1)),
      history,
      3,
    )
  })

  test('a length that lies is not believed, neither shorter nor longer, nor beyond the file', async () => {
    const { files, history } = await logOf((session) => putAll(session, ...THREE))
    const [, second] = placesOf(files).active.batches
    for (const size of [0, 8, BATCH_HEADER_SIZE, second!.size * 2, 4096, 0x7fff_fff8, 0xffff_fff8]) {
      const lying = edited(files, FIRST, (bytes) => writeU32(bytes, size, second!.position + HEADER.size))
      // The batch behind it says that it had been durable.
      await expectCorrupt(lying, /offset 1 is lost/)
      const last = placesOf(files).active.batches.at(-1)!
      const lastLying = edited(files, FIRST, (bytes) => writeU32(bytes, size, last.position + HEADER.size))
      await expectTorn(lastLying, history, 2)
    }
  })

  test('a value that contains a whole batch of the same log fools nobody who looks for the next batch', async () => {
    const { files: donor, history: donated } = await logOf((session) =>
      putAll(session, ...THREE, ['c', valueFor('c1')]),
    )
    const { active } = placesOf(donor)
    for (const inner of active.batches) {
      const bytes = donor.get(FIRST)!.subarray(inner.position, inner.position + inner.size)
      // Where the value begins must be a place where a batch could be: 16 bytes of record header, and a key of 8 bytes.
      const { files, history } = await logOf((session) => putAll(session, ...THREE, ['8 bytes.', bytes]))
      const holder = placesOf(files).active.batches.at(-1)!
      assert.equal(
        aligned(files.get(FIRST)!.indexOf(bytes, holder.position)),
        files.get(FIRST)!.indexOf(bytes, holder.position),
      )
      assert.equal(donated.endOffset, history.endOffset)
      const { session } = await reopen(files)
      await expectState(session, history, 4)
      await expectTorn(
        edited(files, FIRST, (it) => (it[holder.position + HEADER.size]! ^= 8)),
        history,
        3,
      )
    }
  })

  test('old bytes behind a cut do not come back, wherever the next write ends', async () => {
    const { files } = await logOf((session) => putAll(session, ...THREE, ['c', valueFor('c1')], ['d', valueFor('d1')]))
    const { batches } = placesOf(files).active
    const hit = batches[2]!
    // Nothing vouches for the third but the two behind it: without them it is torn, with them it is corrupt.
    const torn = edited(files, FIRST, (bytes) => {
      bytes[hit.position + 70]! ^= 1
      for (const batch of batches.slice(3))
        bytes.writeUInt8(bytes[batch.position + HEADER.durableOffset]! ^ 1, batch.position + HEADER.durableOffset)
    })
    const { session, disk } = await reopen(torn)
    assert.equal(session.log.endOffset, 2)
    await session.put('new', valueFor('n1'))
    await session.flush()
    const after = disk.files().get(FIRST)!
    assert.ok(after.indexOf(valueFor('c1')) === -1 && after.indexOf(valueFor('d1')) === -1)
    const again = await reopen(disk.files())
    assert.equal(again.session.log.endOffset, 3)
    assert.equal(await again.session.read('c'), null)
    assert.deepEqual((await again.session.read('new'))?.value, valueFor('n1'))
  })

  test('a batch of another log, in its turn and whole, is none of ours', async () => {
    const { files, history } = await logOf((session) => putAll(session, ...THREE))
    const { active, seed, manifest } = placesOf(files)
    const last = active.batches.at(-1)!
    const foreignId = manifest.logId.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    for (const [theirs, isOurs] of [
      [checksumSeed(foreignId), false],
      [seed, true],
    ] as const) {
      const bytes = edited(files, FIRST, (it) => {
        it.copy(it, active.size, last.position, last.position + last.size)
        const offsets = { baseOffset: 3, lastOffset: 3, durableOffset: 3, count: 1, size: last.size }
        sealBatch(it, active.size, { ...offsets, epoch: 1, timestampMs: 1_700_000_009_000 }, theirs)
      })
      if (!isOurs) await expectTorn(bytes, history, 3)
      // That the same batch is taken when its seed is ours shows that nothing else was wrong with it.
      else assert.equal((await reopen(bytes)).session.log.endOffset, 4)
    }
  })

  test('a batch that lies there twice counts once', async () => {
    const { files, history } = await logOf((session) => putAll(session, ...THREE))
    const { active } = placesOf(files)
    const last = active.batches.at(-1)!
    const twice = edited(files, FIRST, (bytes) =>
      bytes.copy(bytes, active.size, last.position, last.position + last.size),
    )
    await expectTorn(twice, history, 3)
  })

  test('zeroes in the middle are no end of the log', async () => {
    const { files } = await logOf((session) => putAll(session, ...THREE))
    const [, second] = placesOf(files).active.batches
    const holed = edited(files, FIRST, (bytes) => bytes.fill(0, second!.position, second!.position + second!.size))
    await expectCorrupt(holed, /offset 1 is lost/)
  })

  test('an epoch that falls is damage that verify names, and a start refuses', async () => {
    const { files, history } = await logOf((session) => putAll(session, ...THREE))
    const { active, seed } = placesOf(files)
    const last = active.batches.at(-1)!
    const fallen = edited(files, FIRST, (bytes) => {
      const offsets = { baseOffset: 2, lastOffset: 2, durableOffset: 2, count: 1, size: last.size }
      sealBatch(bytes, last.position, { ...offsets, epoch: 0, timestampMs: 1_700_000_009_000 }, seed)
    })
    const { verdict, findings } = await verify(fallen)
    assert.equal(verdict, 'corrupt')
    const [finding, ...others] = findings
    assert.deepEqual(others, [])
    assert.ok(finding?.type === 'damage')
    const { position, firstOffset, endOffset, fallen: told } = finding.damage
    assert.deepEqual([position, firstOffset, endOffset, told], [last.position, 2, 3, { epoch: 0, behind: 1 }])
    const text = `holds a batch of epoch 0 at position ${last.position}, behind epoch 1: offset 2 is lost`
    await assert.rejects(reopen(fallen), (error) => isFlinError(error, 'LOG_CORRUPT') && error.message.includes(text))
    // Asked to serve what is damaged, it knows of no key whether that batch has changed it.
    const { session } = await reopen(fallen, { serveDamaged: true }, history)
    await session.checkSalvaged(3, 3)
    await session.close()
  })
})

describe('files of a log', () => {
  let log: SmallLog
  before(async () => {
    log = await smallLog('closed')
  })

  test('a gap in a sealed segment: batches moved together over a lost one are told by what the manifest says', async () => {
    const [segment] = log.segments
    const lost = segment!.batches[2]!
    const moved = edited(withoutSide(log.files), FIRST, (bytes) => {
      bytes.copyWithin(lost.position, lost.position + lost.size)
      bytes.fill(0, segment!.size - lost.size)
    })
    await expectCorrupt(moved, /damaged at position/)
  })

  test('a missing segment is refused at once, with its side file or without, and its offsets are named', async () => {
    for (const files of [log.files, withoutSide(log.files)]) {
      const missing = withFile(files, FIRST, null)
      const { findings } = await verify(missing)
      assert.ok(
        findings.some((it) => it.type === 'missing-segment' && it.segment === FIRST && it.damage.endOffset === 7),
      )
      await expectCorrupt(missing, /is missing: offsets 0 to 6 are lost/)
    }
    await expectCorrupt(withFile(log.files, log.active.name, null), /is missing: offsets from 12 on are lost/)
  })

  for (const without of [false, true]) {
    test(`an epoch below that of the segment before is refused, ${without ? 'without' : 'with'} side files`, async () => {
      const all = await smallLog('closed')
      // The last sealed segment gets what an earlier owner would have written.
      const { name, sideName, batches, entry } = all.segments.at(-2)!
      const bytes = Buffer.from(all.files.get(name)!)
      for (const { position } of batches) {
        const header = readHeader(bytes, position, bytes.length, all.seed)!
        sealBatch(bytes, position, { ...header, epoch: 0 }, all.seed)
      }
      const side = decodeSideFile(all.files.get(sideName)!, all.seed)
      const fallen = withFile(
        withFile(all.files, name, bytes),
        sideName,
        encodeSideFile({ ...side, lastEpoch: 0 }, all.seed),
      )
      const files = without ? withoutSide(fallen, entry.baseOffset) : fallen
      await expectCorrupt(files, new RegExp(`${name} holds a batch of epoch 0 at position 0, behind epoch 1`))
      const { session, disk } = await reopen(files, { serveDamaged: true }, all.history)
      await session.checkSalvaged(all.active.endOffset, entry.sealed!.endOffset)
      await session.close()
      assert.deepEqual(disk.files(), files)
    })
  }

  test('what a missing segment has left is served, when damaged logs are to be served', async () => {
    for (const { name, entry } of log.segments) {
      const missing = withFile(log.files, name, null)
      const { session, disk } = await reopen(missing, { serveDamaged: true }, log.history)
      await session.checkSalvaged(log.active.endOffset, entry.sealed?.endOffset ?? Infinity)
      assert.deepEqual(
        session.log.damages.map((it) => it.segment),
        [name],
      )
      await session.close()
      assert.deepEqual(disk.files(), missing)
    }
  })

  test('a missing side file is harmless and written anew', async () => {
    const files = withoutSide(log.files)
    assert.equal((await verify(files)).verdict, 'intact')
    const { session, disk } = await reopen(files)
    await expectState(session, log.history, log.active.endOffset)
    assert.deepEqual(disk.files().get(sideFileName(0, 0)), log.files.get(sideFileName(0, 0)))
  })

  test('the side file of another segment is not believed', async () => {
    const [first, second] = log.segments
    const swapped = withFile(log.files, first!.sideName, log.files.get(second!.sideName)!)
    assert.equal((await verify(swapped)).verdict, 'mendable')
    const { session, events } = await reopen(swapped)
    await expectState(session, log.history, log.active.endOffset)
    assert.ok(
      events.some((event) => event.type === 'side-file-rebuilt' && event.reason === 'it belongs to another segment'),
    )
  })

  test('the side file of another log is not believed', async () => {
    const side = Buffer.from(log.files.get(log.segments[0]!.sideName)!)
    const foreign = edited(withFile(log.files, log.segments[0]!.sideName, side), MANIFEST_NAME, () => undefined)
    const manifest = decodeManifest(foreign.get(MANIFEST_NAME)!)
    const renamed = withFile(foreign, MANIFEST_NAME, encodeManifest({ ...manifest, logId: '00'.repeat(16) }))
    const { findings, verdict } = await verify(renamed)
    assert.equal(verdict, 'corrupt')
    assert.ok(findings.filter((it) => it.type === 'damaged-side-file').length === 2)
  })

  test('without its manifest a log is refused, and nothing is touched', async () => {
    const files = withFile(log.files, MANIFEST_NAME, null)
    const disk = SimDisk.of(files, { isQuick: true })
    await assert.rejects(LogSession.open(disk, logOptions()), (error) => isFlinError(error, 'LOG_CORRUPT'))
    assert.deepEqual(disk.files(), files)
    await assert.rejects(verify(files), (error) => isFlinError(error, 'LOG_CORRUPT'))
  })

  test('a manifest that is older than its segments is refused, and they are not touched', async () => {
    const manifest = decodeManifest(log.files.get(MANIFEST_NAME)!)
    const [first, second] = manifest.segments
    const old = withFile(
      log.files,
      MANIFEST_NAME,
      encodeManifest({ ...manifest, epochs: [[1, 0]], segments: [first!, { ...second!, sealed: null }] }),
    )
    const { verdict, findings } = await verify(old)
    assert.equal(verdict, 'corrupt')
    assert.ok(findings.some((it) => it.type === 'newer-segment' && it.file === log.active.name))
    const disk = SimDisk.of(old, { isQuick: true })
    await assert.rejects(
      LogSession.open(disk, logOptions()),
      (error) => isFlinError(error, 'LOG_CORRUPT') && error.message.includes(log.active.name),
    )
    assert.deepEqual(disk.files(), old)
  })

  test('a manifest from before a compaction is refused, and what compaction has made is not deleted', async () => {
    const compacted = withFile(log.files, segmentName(0, 1), log.files.get(FIRST)!)
    compacted.set(sideFileName(0, 1), log.files.get(sideFileName(0, 0))!)
    compacted.delete(FIRST)
    compacted.delete(sideFileName(0, 0))
    const disk = SimDisk.of(compacted, { isQuick: true })
    await assert.rejects(LogSession.open(disk, logOptions()), (error) => isFlinError(error, 'LOG_CORRUPT'))
    assert.deepEqual(disk.files(), compacted)
  })
})
