import assert from 'node:assert/strict'
import type { LogEvent, LogOptions } from '../../segments/options.js'
import { MANIFEST_NAME } from '../../segments/names.js'
import { vouchedOffset } from '../../segments/manifest.js'
import { type Finding, type Verdict, verifyLog } from '../../segments/verify.js'
import { apart } from '../helpers/apart.js'
import { fasterTimers } from '../helpers/faster-timers.js'
import type { Entry } from '../helpers/log-history.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { PlainState } from '../helpers/plain-state.js'
import { SimDisk } from '../helpers/sim-disk.js'
import {
  type Ending,
  type Files,
  type PlacedBatch,
  type PlacedSegment,
  smallLog,
  type SmallLog,
  withFile,
  withFlip,
} from '../helpers/small-log.js'

const { before, describe, test } = apart(import.meta.url)

fasterTimers()

const ENDINGS: readonly Ending[] = ['closed', 'killed']

/** For a longer run: every bit also of what is tried by samples otherwise. */
const EVERYTHING = process.env['FLIN_DAMAGE_EVERYTHING'] === '1'

/** Cases that run at the same time: a check waits for a torn tail to settle, and so many of them wait together. */
const AT_ONCE = 64

/** Runs a job for each case; a failure says which case it was. */
async function each<T>(cases: Iterable<T>, nameOf: (it: T) => string, job: (it: T) => Promise<void>): Promise<void> {
  const tell = async (it: T): Promise<void> => {
    try {
      await job(it)
    } catch (error) {
      throw new Error(`${nameOf(it)}: ${String(error)}`, { cause: error })
    }
  }
  let running: Promise<void>[] = []
  for (const it of cases) {
    running.push(tell(it))
    if (running.length < AT_ONCE) continue
    await Promise.all(running)
    running = []
  }
  await Promise.all(running)
}

const bitName = (bit: number): string => `bit ${bit % 8} of byte ${bit >> 3}`
const sizeName = (size: number): string => `cut to ${size} bytes`

/** True for one bit of each byte: the sample on which what is slow is tried. */
function isSample(bit: number): boolean {
  return EVERYTHING || bit % 8 === (bit >> 3) % 8
}

/** What an owner, or a reader, makes of some files. */
interface Opened {
  readonly disk: SimDisk
  readonly state: PlainState | null
  readonly error: unknown
  readonly events: readonly LogEvent[]
}

async function open(files: Files, changes: Partial<LogOptions> = {}): Promise<Opened> {
  const disk = SimDisk.of(files, { isQuick: true })
  const events: LogEvent[] = []
  try {
    const options = logOptions({ onEvent: (event) => events.push(event), ...changes })
    return { disk, state: await PlainState.open(disk, options), error: null, events }
  } catch (error) {
    return { disk, state: null, error, events }
  }
}

async function findingsOf(files: Files): Promise<{ verdict: Verdict; findings: readonly Finding[] }> {
  return verifyLog(SimDisk.of(files, { isQuick: true }))
}

/** Whether an error says which offsets are hurt, and these among them. */
function names(error: unknown, { baseOffset, endOffset }: Range): boolean {
  if (!isFlinError(error, 'LOG_CORRUPT')) return false
  if (endOffset === baseOffset) return true
  const [, from, to = from] = /offsets? (\d+)(?: to (\d+))?/.exec(error.message) ?? []
  return from !== undefined && Number(from) <= baseOffset && Number(to) >= endOffset - 1
}

interface Range {
  readonly baseOffset: number
  readonly endOffset: number
}

/**
 * Reads every key: each is what it should be, or, where `hurt` says that it may be lost, an error that names the offsets.
 * Whatever lies in `hurt` itself must be that error.
 */
async function checkKeys(
  log: SmallLog,
  state: Pick<PlainState, 'read'>,
  expected: ReadonlyMap<string, Entry>,
  hurt: { readonly batch: Range; readonly around: Range } | null = null,
): Promise<void> {
  for (const key of log.history.keys) {
    const entry = expected.get(key) ?? null
    try {
      assert.deepEqual(await state.read(key), entry, `${key} is wrong`)
    } catch (error) {
      assert.ok(
        hurt !== null && entry !== null && isIn(entry.offset, hurt.around) && names(error, hurt.batch),
        error as Error,
      )
      continue
    }
    assert.ok(
      hurt === null || entry === null || !isIn(entry.offset, hurt.batch),
      `${key} is served though it is damaged`,
    )
  }
}

function isIn(offset: number, { baseOffset, endOffset }: Range): boolean {
  return offset >= baseOffset && offset < endOffset
}

/** The first batch of a segment that is not what was written, and the ones behind it that are. */
interface Hurt {
  readonly segment: PlacedSegment
  readonly first: PlacedBatch
  /** What is lost with it: to before the next intact batch, or to the end of what is known. */
  readonly range: Range
  readonly isVouched: boolean
}

/** `intact` are the batches of the segment that still are what was written. */
function hurtOf(log: SmallLog, segment: PlacedSegment, intact: ReadonlySet<PlacedBatch>): Hurt | null {
  const first = segment.batches.find((batch) => !intact.has(batch))
  if (first === undefined) return null
  const behind = segment.batches.filter((batch) => batch.position > first.position && intact.has(batch))
  const { sealed } = segment.entry
  const vouched = vouchedOffset(log.manifest)
  const isVouched =
    sealed !== null || first.baseOffset < vouched || behind.some((batch) => batch.durableOffset > first.baseOffset)
  const endOffset = behind[0]?.baseOffset ?? sealed?.endOffset ?? Math.max(vouched, first.baseOffset)
  return { segment, first, range: { baseOffset: first.baseOffset, endOffset }, isVouched }
}

function allBut(segment: PlacedSegment, isHurt: (batch: PlacedBatch) => boolean): Set<PlacedBatch> {
  return new Set(segment.batches.filter((batch) => !isHurt(batch)))
}

/** A segment whose bit was flipped: at most one batch is hurt. */
function hurtByFlip(log: SmallLog, segment: PlacedSegment, bit: number): Hurt | null {
  const at = bit >> 3
  return hurtOf(
    log,
    segment,
    allBut(segment, ({ position, size }) => at >= position && at < position + size),
  )
}

/** A truncated segment: what is cut off counts as zeroes, so that a batch which ends in them may still be whole. */
function hurtByCut(log: SmallLog, segment: PlacedSegment, size: number): Hurt | null {
  const bytes = log.files.get(segment.name)!
  const isHurt = (batch: PlacedBatch): boolean =>
    bytes.subarray(Math.max(size, batch.position), batch.position + batch.size).some((byte) => byte !== 0)
  return hurtOf(log, segment, allBut(segment, isHurt))
}

/** Bits of a segment that are tried: all of its batches, and some of the zeroes behind them. */
function* bitsOf(segment: PlacedSegment, fileSize: number): Generator<number> {
  for (let bit = 0; bit < segment.size * 8; bit++) yield bit
  for (let at = segment.size; at < fileSize; at += EVERYTHING || at < segment.size + 64 ? 1 : 13)
    yield at * 8 + (at & 7)
}

function* sizesTo(end: number): Generator<number> {
  for (let size = 0; size < end; size++) yield size
}

function withoutSideFiles(log: SmallLog): Files {
  const files = new Map(log.files)
  for (const { sideName } of log.segments) files.delete(sideName)
  return files
}

async function expectIntact(
  log: SmallLog,
  files: Files,
  endOffset = log.active.endOffset,
  verdicts: readonly Verdict[] = ['intact'],
): Promise<Opened> {
  assert.ok(verdicts.includes((await findingsOf(files)).verdict))
  const opened = await open(files)
  assert.equal(opened.error, null)
  assert.equal(opened.state!.log.endOffset, endOffset)
  await checkKeys(log, opened.state!, log.history.stateAt(endOffset))
  return opened
}

/** Told as torn: cut at the batch that is hurt, what is cut is kept, and nothing above it is served. */
async function expectTorn(log: SmallLog, files: Files, position: number, endOffset: number): Promise<void> {
  const { name } = log.active
  const report = await findingsOf(files)
  assert.equal(report.verdict, 'mendable')
  const [finding] = report.findings
  assert.ok(finding?.type === 'torn-tail' && finding.damage.position === position)
  const { state, error, events, disk } = await open(files)
  assert.equal(error, null)
  assert.equal(state!.log.endOffset, endOffset)
  await checkKeys(log, state!, log.history.stateAt(endOffset))
  assert.deepEqual(state!.log.damages, [])
  const torn = events.find((event) => event.type === 'torn-tail')
  assert.ok(torn !== undefined && torn.position === position && torn.firstOffset === endOffset)
  const cut = files.get(name)!.subarray(position, position + torn.size)
  assert.ok(disk.files().get(torn.quarantine)!.equals(cut), 'what is cut is not kept')
  assert.ok(
    disk
      .files()
      .get(name)!
      .subarray(position)
      .every((byte) => byte === 0),
    'what is cut is still there',
  )
}

/** Told as corrupt: nobody may write, the error and the findings name what is lost, and the files stay as they are. */
async function expectCorrupt(files: Files, { segment, first, range }: Hurt): Promise<void> {
  const report = await findingsOf(files)
  assert.equal(report.verdict, 'corrupt')
  const damage = report.findings.find((finding) => finding.type === 'damage')
  assert.ok(damage !== undefined && damage.segment === segment.name && damage.damage.position === first.position)
  assert.deepEqual([damage.damage.firstOffset, damage.damage.endOffset], [range.baseOffset, range.endOffset])
  const { state, error, disk } = await open(files)
  assert.equal(state, null)
  assert.ok(names(error, range), error as Error)
  assert.deepEqual(disk.files().get(segment.name), files.get(segment.name))
}

/** Whoever only reads such a log is told what is lost, is served the rest, and changes nothing. */
async function expectServed(log: SmallLog, files: Files, hurt: Hurt, changes: Partial<LogOptions>): Promise<void> {
  const { state, error, disk } = await open(files, changes)
  assert.equal(error, null)
  const { range } = hurt
  const found = state!.log.endOffset
  await checkKeys(
    log,
    state!,
    log.history.stateOf((end) => end <= found && !isIn(end - 1, range)),
  )
  const [damaged] = state!.log.damages
  assert.equal(damaged?.segment, hurt.segment.name)
  assert.deepEqual([damaged.damage.firstOffset, damaged.damage.endOffset], [range.baseOffset, range.endOffset])
  await checkReadOnly(state!, disk, files)
}

async function checkReadOnly({ log }: PlainState, disk: SimDisk, files: Files): Promise<void> {
  assert.throws(
    () => log.appender.begin(100),
    (error) => isFlinError(error, 'LOG_READ_ONLY'),
  )
  await log.close()
  assert.deepEqual(disk.files(), files, 'files have changed')
  assert.equal(disk.openCount, 0, 'files are left open')
}

for (const ending of ENDINGS) {
  describe(`a log whose owner was ${ending}`, () => {
    let log: SmallLog
    before(async () => {
      log = await smallLog(ending)
    })

    test('undamaged', async () => {
      const { disk } = await expectIntact(log, log.files)
      assert.deepEqual(disk.files().get(log.active.name), log.files.get(log.active.name))
      for (const changes of [{ readOnly: true }, { serveDamaged: true }]) {
        const { state, disk } = await open(log.files, changes)
        await checkKeys(log, state!, log.history.stateAt(log.active.endOffset))
        await checkReadOnly(state!, disk, log.files)
      }
    })

    test('every flipped bit of the active segment is told as torn or as corrupt', async () => {
      const { active } = log
      const told = new Set<string>()
      const bits = [...bitsOf(active, log.files.get(active.name)!.length)]
      // A clean end changes only what is told of the last batches.
      const first = ending === 'killed' ? 0 : active.batches.at(-3)!.position
      const some = bits.filter((bit) => bit >> 3 >= first || isSample(bit))
      await each(some, bitName, async (bit) => {
        const hurt = hurtByFlip(log, active, bit)
        told.add(await checkActive(log, withFlip(log.files, active.name, bit), hurt, isSample(bit)))
      })
      assert.deepEqual([...told].sort(), ['corrupt', 'torn'])
    })

    test('every truncation of the active segment is told as torn or corrupt, or leaves whole batches', async () => {
      const { active } = log
      const whole = log.files.get(active.name)!
      const told = new Set<string>()
      await each([...sizesTo(active.size + 9), whole.length - 9, whole.length - 1], sizeName, async (size) => {
        const bytes = whole.subarray(0, size)
        const files = withFile(log.files, active.name, bytes)
        const hurt = hurtByCut(log, active, size)
        const end = hurt?.first.position ?? active.size
        // Zeroes at the end of a batch that are cut off read as zeroes, which a check cannot foresee.
        const verdicts: Verdict[] = size < end ? ['intact', 'mendable'] : ['intact']
        if (hurt === null) await expectIntact(log, files, active.endOffset, verdicts)
        else if (!hurt.isVouched && bytes.subarray(hurt.first.position).every((byte) => byte === 0)) {
          // Nothing tells that there ever was more.
          await expectIntact(log, files, hurt.first.baseOffset, verdicts)
          told.add('harmless')
        } else told.add(await checkActive(log, files, hurt, size % 5 === 0))
      })
      assert.ok(told.has('harmless') && told.has('torn'), [...told].join())
    })

    test('the key space itself reads what the plain state reads', async () => {
      await each(
        [...sizesTo(log.active.size * 8)].filter((bit) => bit % 67 === 0),
        bitName,
        async (bit) => {
          const files = withFlip(log.files, log.active.name, bit)
          const hurt = hurtByFlip(log, log.active, bit)!
          const session = LogSession.open(SimDisk.of(files, { isQuick: true }), logOptions())
          if (hurt.isVouched) await assert.rejects(session, (error) => names(error, hurt.range))
          else await checkKeys(log, await session, log.history.stateAt(hurt.range.baseOffset))
        },
      )
    })
  })
}

describe('a log with two sealed segments', () => {
  let log: SmallLog
  let sealed: readonly PlacedSegment[]
  before(async () => {
    log = await smallLog('closed')
    sealed = log.segments.slice(0, -1)
  })

  test('every flipped bit of a sealed segment: its keys are errors, all others are right, and it is found out', async () => {
    for (const segment of sealed) {
      const bits = [...bitsOf(segment, log.files.get(segment.name)!.length)]
      const some = segment === sealed[0] ? bits : bits.filter(isSample)
      await each(some, bitName, (bit) =>
        checkSealed(log, withFlip(log.files, segment.name, bit), segment, hurtByFlip(log, segment, bit)),
      )
    }
  })

  test('every truncation of a sealed segment, likewise', async () => {
    for (const segment of sealed) {
      const whole = log.files.get(segment.name)!
      await each(sizesTo(segment.size + 1), sizeName, (size) =>
        checkSealed(
          log,
          withFile(log.files, segment.name, whole.subarray(0, size)),
          segment,
          hurtByCut(log, segment, size),
        ),
      )
    }
  })

  test('without side files, a start refuses every flipped bit of a sealed segment, and a reader is told', async () => {
    const files = withoutSideFiles(log)
    for (const segment of sealed) {
      await each(sizesTo(segment.size * 8), bitName, async (bit) => {
        const hurt = hurtByFlip(log, segment, bit)!
        const damaged = withFlip(files, segment.name, bit)
        if (!isSample(bit)) {
          const { error } = await open(damaged)
          assert.ok(names(error, hurt.range), String(error))
          return
        }
        await expectCorrupt(damaged, hurt)
        await expectServed(log, damaged, hurt, { serveDamaged: true })
        await expectServed(log, damaged, hurt, { readOnly: true })
      })
    }
  })

  test('without side files, a start refuses every truncation of a sealed segment', async () => {
    const files = withoutSideFiles(log)
    for (const segment of sealed) {
      const whole = files.get(segment.name)!
      await each(sizesTo(segment.size + 1), sizeName, async (size) => {
        const damaged = withFile(files, segment.name, whole.subarray(0, size))
        const hurt = hurtByCut(log, segment, size)
        if (hurt === null) {
          await expectIntact(log, damaged)
          return
        }
        await expectCorrupt(damaged, hurt)
        await expectServed(log, damaged, hurt, { serveDamaged: true })
      })
    }
  })

  test('every flipped bit and every truncation of a side file is harmless: it is written anew, as it was', async () => {
    const { sideName, name } = sealed[0]!
    const side = log.files.get(sideName)!
    const check = async (files: Files): Promise<void> => {
      const report = await findingsOf(files)
      assert.equal(report.verdict, 'mendable')
      assert.deepEqual(
        report.findings.map((it) => [it.type, 'segment' in it ? it.segment : '']),
        [['damaged-side-file', name]],
      )
      const { state, disk, events } = await open(files)
      await checkKeys(log, state!, log.history.stateAt(log.active.endOffset))
      assert.ok(events.some((event) => event.type === 'side-file-rebuilt' && event.segment === sideName))
      assert.ok(disk.files().get(sideName)!.equals(side))
    }
    await each(sizesTo(side.length * 8), bitName, (bit) => check(withFlip(log.files, sideName, bit)))
    await each(sizesTo(side.length), sizeName, (size) => check(withFile(log.files, sideName, side.subarray(0, size))))
  })

  test('every flipped bit and every truncation of the manifest is refused, and nothing is touched', async () => {
    const manifest = log.files.get(MANIFEST_NAME)!
    const isRefused = (error: unknown): boolean => isFlinError(error, 'LOG_CORRUPT', 'FORMAT_UNKNOWN')
    const check = async (files: Files): Promise<void> => {
      await assert.rejects(findingsOf(files), isRefused)
      for (const changes of [{}, { readOnly: true }, { serveDamaged: true }]) {
        const { error, disk } = await open(files, changes)
        assert.ok(isRefused(error), error as Error)
        assert.deepEqual(disk.files(), files)
      }
    }
    await each(sizesTo(manifest.length * 8), bitName, (bit) => check(withFlip(log.files, MANIFEST_NAME, bit)))
    await each(sizesTo(manifest.length), sizeName, (size) =>
      check(withFile(log.files, MANIFEST_NAME, manifest.subarray(0, size))),
    )
    await check(withFile(log.files, MANIFEST_NAME, null))
  })

  test('the key space itself reads what the plain state reads', async () => {
    for (const segment of sealed) {
      const some = [...sizesTo(segment.size * 8)].filter((bit) => bit % 67 === 0)
      await each(some, bitName, async (bit) => {
        const files = withFlip(log.files, segment.name, bit)
        const session = await LogSession.open(SimDisk.of(files, { isQuick: true }), logOptions())
        await checkHurtKeys(log, session, segment, hurtByFlip(log, segment, bit)!)
      })
    }
  })
})

/** Checks what is told of a damaged active segment, and returns it; `hurt` null: only the zeroes behind the batches are. */
async function checkActive(log: SmallLog, files: Files, hurt: Hurt | null, isServed: boolean): Promise<string> {
  if (hurt === null || !hurt.isVouched) {
    const position = hurt?.first.position ?? log.active.size
    const endOffset = hurt?.first.baseOffset ?? log.active.endOffset
    await expectTorn(log, files, position, endOffset)
    if (isServed) {
      const { state, disk } = await open(files, { readOnly: true })
      await checkKeys(log, state!, log.history.stateAt(endOffset))
      await checkReadOnly(state!, disk, files)
    }
    return 'torn'
  }
  await expectCorrupt(files, hurt)
  if (isServed) {
    await expectServed(log, files, hurt, { serveDamaged: true })
    await expectServed(log, files, hurt, { readOnly: true })
  }
  return 'corrupt'
}

/** A sealed segment with a side file: a start believes that, whoever reads the segment does not. */
async function checkSealed(log: SmallLog, files: Files, segment: PlacedSegment, hurt: Hurt | null): Promise<void> {
  if (hurt === null) {
    await expectIntact(log, files)
    return
  }
  const { verdict, findings } = await findingsOf(files)
  assert.equal(verdict, 'corrupt')
  const [finding] = findings
  assert.ok(finding?.type === 'damage' && finding.segment === segment.name)
  const { position, firstOffset, endOffset } = finding.damage
  assert.deepEqual(
    [position, firstOffset, endOffset],
    [hurt.first.position, hurt.range.baseOffset, hurt.range.endOffset],
  )
  const { state } = await open(files)
  await checkHurtKeys(log, state!, segment, hurt)
}

async function checkHurtKeys(
  log: SmallLog,
  state: Pick<PlainState, 'read'>,
  segment: PlacedSegment,
  hurt: Hurt,
): Promise<void> {
  const around = { baseOffset: segment.entry.baseOffset, endOffset: segment.endOffset }
  await checkKeys(log, state, log.history.stateAt(log.active.endOffset), { batch: hurt.range, around })
}
