import {
  BATCH_HEADER_SIZE,
  NodeDisk,
  readBatches,
  RECORD_FLAG,
  RecordView,
  type BatchHeader,
  type LogStep,
} from '../../segments/index.js'
import { causeName, datumMeaning, kindName, memberValue, ObjectOfKey } from '../../src/inspection.js'
import type { Output } from '../output.js'
import { bytesJson, cut, escapeBytes, isoTime } from '../text.js'
import { EXIT } from './exit.js'
import { damageText } from './findings.js'
import { memberJson, memberText, valueText } from './values.js'

export interface DumpOptions {
  readonly from: number
  /** The last offset that is shown. */
  readonly to: number
  /** Shows records of this key only, and those of the members of what it has: of an object made within `from` to `to`. */
  readonly key: Buffer | null
  readonly json: boolean
  /** Bytes of a value that are shown. */
  readonly valueSize: number
}

/** As wide as the longest that a list, a stream or a message brings. */
const COMMAND_WIDTH = 'xreadgroup'.length
const KIND_WIDTH = 'streamEntry'.length

const DATUM_TEXTS = {
  time: (ms: number) => `expires ${isoTime(ms)}`,
  offset: (offset: number) => `buries from ${offset}`,
  id: (id: number) => `id ${id}`,
  duration: (ms: number) => `stays ${ms} ms`,
  floor: (offset: number) => `held from ${offset}`,
  number: (datum: number) => `datum ${datum}`,
} as const

const FLAGS = Object.entries(RECORD_FLAG)

/** `flin log dump`: every record, for people or as JSON lines. */
export async function dump(folder: string, options: DumpOptions, output: Output): Promise<number> {
  const view = new RecordView()
  const wanted = options.key === null ? null : new ObjectOfKey(options.key)
  let code: number = EXIT.intact
  for await (const step of readBatches(new NodeDisk(folder), options.from, options.to)) {
    if (step.type === 'damage') {
      code = Math.max(code, step.damage.torn ? EXIT.mendable : EXIT.corrupt)
      await tellDamage(step, options, output)
      continue
    }
    let isBegun = false
    let at = step.position + BATCH_HEADER_SIZE
    for (let i = 0; i < step.header.count; i++, at = view.next) {
      view.at(step.bytes, at)
      const offset = step.header.baseOffset + view.offsetDelta
      if (offset < options.from || offset > options.to) continue
      if (wanted !== null && !wanted.isAbout(view)) continue
      if (!options.json && !isBegun) await output.write(batchText(step))
      isBegun = true
      await output.write(options.json ? recordJson(step, view, offset, options) : recordText(view, offset, options))
    }
    if (step.header.count === 0 && !options.json && options.key === null) await output.write(batchText(step))
  }
  return code
}

async function tellDamage(step: LogStep & { type: 'damage' }, options: DumpOptions, output: Output): Promise<void> {
  const text = `${step.segment}: ${damageText(step.damage)}\n`
  if (!options.json) {
    await output.write(`! ${text}`)
    return
  }
  await output.complain(text) // standard output holds records only
}

function batchText({ segment, position, header }: LogStep & { type: 'batch' }): string {
  const { epoch, durableOffset, size } = header
  const place = `(${segment} at ${position}, ${size} bytes)`
  return `${offsetsText(header)}  ${isoTime(header.timestampMs)}  epoch ${epoch}, durable to ${durableOffset}  ${place}\n`
}

function offsetsText({ baseOffset, lastOffset, count }: BatchHeader): string {
  if (count === 0) return `vouch ${baseOffset}`
  return baseOffset === lastOffset ? `batch ${baseOffset}` : `batch ${baseOffset}..${lastOffset}`
}

function recordText(view: RecordView, offset: number, { valueSize }: DumpOptions): string {
  const { flags, isTombstone } = view
  const isMember = (flags & RECORD_FLAG.member) !== 0
  const key = isMember ? `of ${view.objectId}` : `"${escapeBytes(view.key())}"`
  const parts = [
    `  ${String(offset).padStart(8)}`,
    causeName(view.command).padEnd(COMMAND_WIDTH),
    kindName(view.kind).padEnd(KIND_WIDTH),
    key,
  ]
  const hasDatum = (flags & RECORD_FLAG.datum) !== 0
  if (isTombstone) parts.push('deleted')
  if (isMember) parts.push(datumText(view))
  const member = isMember && !isTombstone ? memberValue(view.kind, view.value()) : null
  if (member !== null) parts.push(memberText(member, valueSize))
  else if (view.valueEnd > view.valueStart || !hasDatum) parts.push(`= ${valueText(view.value(), valueSize)}`)
  if (hasDatum && !isMember) parts.push(datumText(view))
  if ((flags & RECORD_FLAG.since) !== 0) parts.push(`since ${view.since}`)
  if ((flags & RECORD_FLAG.collides) !== 0) parts.push('collides')
  return `${parts.join('  ')}\n`
}

function datumText(view: RecordView): string {
  if ((view.flags & RECORD_FLAG.member) !== 0) return `order ${view.datum}`
  const meaning = datumMeaning(view.kind, view.isTombstone)
  return DATUM_TEXTS[meaning](view.datum)
}

function recordJson(
  { header, segment, position }: LogStep & { type: 'batch' },
  view: RecordView,
  offset: number,
  { valueSize }: DumpOptions,
): string {
  const { flags } = view
  const value = view.value()
  const isMember = (flags & RECORD_FLAG.member) !== 0
  const member = isMember && !view.isTombstone ? memberValue(view.kind, value) : null
  const shown = cut(value, valueSize)
  return `${JSON.stringify({
    offset,
    time: isoTime(header.timestampMs),
    epoch: header.epoch,
    batch: { segment, position, baseOffset: header.baseOffset, lastOffset: header.lastOffset },
    command: causeName(view.command),
    commandCode: view.command,
    kind: kindName(view.kind),
    flags: FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name),
    ...(isMember ? { of: view.objectId } : bytesJson('key', view.key())),
    ...bytesJson('value', shown),
    valueSize: value.length,
    ...(member === null ? {} : { member: memberJson(member, valueSize) }),
    ...((flags & RECORD_FLAG.datum) === 0 ? {} : { datum: view.datum }),
    ...((flags & RECORD_FLAG.since) === 0 ? {} : { since: view.since }),
  })}\n`
}
