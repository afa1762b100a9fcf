import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { readHeader, sealBatch } from '../../segments/batch.js'
import type { FlinError } from '../../segments/errors.js'
import type { LogEvent } from '../../segments/options.js'
import { HeldDisk } from '../helpers/held-disk.js'
import { isFlinError, logOptions, LogSession } from '../helpers/log-session.js'
import { PlainState } from '../helpers/plain-state.js'
import { SimDisk } from '../helpers/sim-disk.js'
import { type Files, smallLog, type SmallLog, withFile, withFlip } from '../helpers/small-log.js'

interface Checked {
  readonly errors: readonly FlinError[]
  readonly events: readonly LogEvent[]
}

/** Opens some files, and checks them in the background until every sealed segment has been told of. */
async function checked(files: Files, segmentCount: number): Promise<Checked> {
  const events: LogEvent[] = []
  const errors: FlinError[] = []
  const options = logOptions({ onEvent: (event) => events.push(event) })
  const { log } = await PlainState.open(SimDisk.of(files, { isQuick: true }), options)
  await new Promise<void>((resolve) => {
    const tell = (): void => {
      const verified = events.filter((event) => event.type === 'verified').length
      if (verified + errors.length === segmentCount) resolve()
      else setTimeout(tell, 1)
    }
    log.startCheck((error) => {
      errors.push(error)
    })
    tell()
  })
  await log.close()
  return { errors, events }
}

describe('the sealed segments that a start took on the word of their side files', () => {
  let log: SmallLog
  before(async () => {
    log = await smallLog('closed')
  })

  test('are all found good when they are', async () => {
    const { errors, events } = await checked(log.files, 2)
    assert.deepEqual(errors, [])
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'verified' ? [event.segment] : [])),
      log.segments.slice(0, 2).map(({ name }) => name),
    )
  })

  test('are found damaged by any byte, which is named by its offsets; the others are looked at all the same', async () => {
    const [segment] = log.segments
    const cases = Array.from({ length: segment!.size }, (_, at) => at)
    await Promise.all(
      cases.map(async (at) => {
        const { errors, events } = await checked(withFlip(log.files, segment!.name, at * 8 + (at % 8)), 2)
        const batch = segment!.batches.find(({ position, size }) => at >= position && at < position + size)!
        assert.equal(errors.length, 1)
        assert.ok(isFlinError(errors[0], 'LOG_CORRUPT'))
        assert.match(errors[0].message, new RegExp(`${segment!.name} is damaged at position ${batch.position} `))
        const damages = events.filter((event) => event.type === 'damage')
        assert.deepEqual(
          damages.map(({ firstOffset, endOffset }) => [firstOffset, endOffset]),
          [[batch.baseOffset, batch.endOffset]],
        )
        assert.equal(events.filter((event) => event.type === 'verified').length, 1)
      }),
    )
  })

  test('count as whole when only zeroes were cut off, and as damaged when more was', async () => {
    const { name, size, batches } = log.segments[0]!
    const bytes = log.files.get(name)!
    assert.equal(bytes[size - 1], 0)
    assert.deepEqual((await checked(withFile(log.files, name, bytes.subarray(0, size - 1)), 2)).errors, [])
    const cut = await checked(withFile(log.files, name, bytes.subarray(0, batches[3]!.position)), 2)
    const { position, baseOffset } = batches[3]!
    const lost = `damaged at position ${position} (${size - position} bytes): offsets ${baseOffset} to 6 are lost`
    assert.ok(cut.errors[0]!.message.includes(lost), cut.errors[0]!.message)
  })

  test('with batches that are whole, but are not those that the side file was made of, are told of as well', async () => {
    const { name, batches } = log.segments[0]!
    const bytes = Buffer.from(log.files.get(name)!)
    const { position } = batches[0]!
    const header = readHeader(bytes, position, bytes.length, log.seed)!
    sealBatch(bytes, position, { ...header, timestampMs: header.timestampMs + 1 }, log.seed)
    const { errors } = await checked(withFile(log.files, name, bytes), 2)
    assert.match(errors[0]!.message, /not what its side file's digest says/)
  })

  test('are told of when they cannot be read', async () => {
    const held = new HeldDisk(SimDisk.of(log.files, { isQuick: true }))
    const session = await LogSession.open(held, logOptions())
    held.holds = (what) => what === `read ${log.segments[0]!.name}`
    const failure = new Promise<FlinError>((resolve) => {
      session.log.startCheck(resolve)
    })
    await held.untilHeld(1)
    held.letGo(new Error('EIO'))
    assert.ok(isFlinError(await failure, 'DISK_FAILED'))
    held.letAllGo()
    await session.close()
  })

  test('are let go when the log is closed in the middle of it', async () => {
    const disk = SimDisk.of(log.files, { isQuick: true })
    const session = await LogSession.open(disk, logOptions())
    session.log.startCheck((error) => {
      throw error
    })
    await session.close()
    assert.equal(disk.openCount, 0)
  })
})
