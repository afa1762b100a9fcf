import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addedAt, EntryEncoder, forEachText, textCountAt } from '../../../../src/models/streams/entry-record.js'
import { Consumer, Group, READ_UNKNOWN } from '../../../../src/models/streams/group.js'
import {
  decodeConsumer,
  decodeGroup,
  decodePending,
  encodeConsumer,
  encoded,
  encodeGroup,
  encodePending,
} from '../../../../src/models/streams/group-records.js'
import { decodeState, encodeState, STATE_SIZE } from '../../../../src/models/streams/state-record.js'
import { StreamId } from '../../../../src/models/streams/stream-id.js'

const id = new StreamId().setMs(0x0102_0304_0506).setSeq(7)
const ID_HEX = '0605040302010000' + '0700000000000000'

function hex(): string {
  return encoded.bytes.toString('hex', 0, encoded.size)
}

test('an entry is written as its grammar says, and read again', () => {
  const encoder = new EntryEncoder()
  const texts = Buffer.from('namevalue')
  encoder.begin(id, 9, 2, texts.length)
  encoder.text(texts, 0, 4)
  encoder.text(texts, 4, 9)
  const value = encoder.bytes.subarray(0, encoder.size)
  const expected = `${ID_HEX}0900000000000000` + '02000000' + '040000006e616d65' + '0500000076616c7565'
  assert.equal(value.toString('hex'), expected)
  assert.equal(addedAt(value, 0), 9)
  assert.equal(textCountAt(value, 0), 2)
  const read: string[] = []
  forEachText(value, 0, (start, end) => read.push(value.toString('latin1', start, end)))
  assert.deepEqual(read, ['name', 'value'])
})

test('an encoder builds large entries, and gives the memory for them up', () => {
  const encoder = new EntryEncoder()
  const large = Buffer.alloc(1_000_000, 'x')
  encoder.begin(id, 1, 1, large.length)
  encoder.text(large, 0, large.length)
  assert.equal(encoder.bytes.subarray(32, encoder.size).compare(large), 0)
  encoder.begin(id, 2, 1, 3)
  assert.ok(encoder.bytes.length < 100_000)
})

test('what a stream knows is written as its grammar says, and read again', () => {
  const facts = { lastId: id, maxDeletedId: new StreamId().setMs(5), added: 11, floor: 12 }
  const value = Buffer.from(encodeState(facts, 13).subarray(0, STATE_SIZE))
  const numbers = '0b00000000000000' + '0c00000000000000' + '0d00000000000000'
  assert.equal(value.toString('hex'), `${ID_HEX}0500000000000000${'0'.repeat(16)}${numbers}`)
  const read = { lastId: new StreamId(), maxDeletedId: new StreamId(), added: 0, floor: 0 }
  assert.equal(decodeState(value, 0, read), 13)
  assert.deepEqual(read, facts)
})

test('groups, consumers and pending entries are written as their grammar says, and read again', () => {
  const group = new Group('g', 3, 0, 0, 64)
  const consumer = new Consumer(group, 'c', 5, 4, 0, 0, 64)
  const read = new StreamId()
  encodeGroup(id, READ_UNKNOWN, 'g\xe9')
  assert.equal(hex(), `${ID_HEX}${'0'.repeat(16)}67e9`)
  assert.deepEqual(decodeGroup(encoded.bytes.subarray(0, encoded.size), read), { read: READ_UNKNOWN, name: 'g\xe9' })
  assert.equal(read.compare(id), 0)
  encodeGroup(id, 4, '')
  assert.equal(hex(), `${ID_HEX}0500000000000000`)
  encodeConsumer(group, 6, 'c')
  assert.equal(hex(), '0300000000000000' + '0600000000000000' + '63')
  assert.deepEqual(decodeConsumer(encoded.bytes.subarray(0, encoded.size)), { group: 3, seenMs: 6, name: 'c' })
  encodePending(consumer, id, 8, 9, 10)
  assert.equal(
    hex(),
    '0300000000000000' + '0400000000000000' + '0800000000000000' + ID_HEX + '0900000000000000' + '0a00000000000000',
  )
  const pending = decodePending(encoded.bytes.subarray(0, encoded.size), read.setZero())
  assert.deepEqual(pending, { consumer: 4, entry: 8, timeMs: 9, count: 10 })
  assert.equal(read.compare(id), 0)
  const long = 'n'.repeat(1000)
  encodeConsumer(group, 6, long)
  assert.equal(decodeConsumer(encoded.bytes.subarray(0, encoded.size)).name, long)
})
