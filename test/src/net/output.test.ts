import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Output } from '../../../src/net/output.js'
import { ReplyWriter } from '../../../src/protocol/resp/reply-writer.js'

/**
 * The far end of a connection. While it is `open`, the kernel takes every write at once; otherwise writes wait, and what
 * lies in their buffers when they are taken at last is what is sent: a buffer used for something else meanwhile shows.
 */
class FakeSocket {
  isOpen = true
  writes = 0
  readonly #taken: Buffer[] = []
  #waiting: Buffer[] = []

  get pendingSize(): number {
    return this.#waiting.reduce((size, it) => size + it.length, 0)
  }

  write(bytes: Buffer): boolean {
    assert.ok(bytes.length > 0, 'an empty write')
    this.writes++
    if (this.isOpen && this.#waiting.length === 0) this.#taken.push(Buffer.from(bytes))
    else this.#waiting.push(bytes)
    return this.#waiting.length === 0
  }

  /** The kernel takes the first `count` of the writes that wait. */
  drain(count: number): void {
    for (const bytes of this.#waiting.splice(0, count)) this.#taken.push(Buffer.from(bytes))
  }

  /** All that the kernel has taken. */
  get taken(): Buffer {
    return Buffer.concat(this.#taken)
  }

  /** All that was handed over, as it is now. */
  get handedOver(): Buffer {
    return Buffer.concat([...this.#taken, ...this.#waiting])
  }
}

function outputOn(socket: FakeSocket): Output<ReplyWriter> {
  return new Output(socket, new ReplyWriter())
}

/** Writes a reply of `size` bytes that no other reply looks like, held back until `gate`. */
function reply(output: Output<ReplyWriter>, bytes: Buffer, gate: number, flushingOffset = Infinity): void {
  output.open()
  const { writer } = output
  const start = writer.length
  writer.raw(bytes, 0, bytes.length)
  if (gate > 0) output.gate(start, gate, flushingOffset)
}

test('a reply that waits for nothing leaves with the next flush, in one write with others', () => {
  const socket = new FakeSocket()
  const output = outputOn(socket)
  reply(output, Buffer.from('one'), 0)
  reply(output, Buffer.from('two'), 0)
  assert.equal(socket.writes, 0)
  assert.equal(output.pendingSize, 6)
  output.flush(0)
  assert.equal(socket.taken.toString(), 'onetwo')
  assert.equal(socket.writes, 1)
  assert.equal(output.pendingSize, 0)
  output.flush(0)
  assert.equal(socket.writes, 1)
})

test('a reply waits for its commit, and all behind it wait with it', () => {
  const socket = new FakeSocket()
  const output = outputOn(socket)
  reply(output, Buffer.from('a'), 0)
  reply(output, Buffer.from('b'), 10)
  reply(output, Buffer.from('c'), 0)
  output.flush(9)
  assert.equal(socket.taken.toString(), 'a')
  assert.ok(output.isGated)
  output.flush(10)
  assert.equal(socket.taken.toString(), 'abc')
  assert.ok(!output.isGated)
})

test('what was committed already holds nothing back', () => {
  const socket = new FakeSocket()
  const output = outputOn(socket)
  reply(output, Buffer.from('a'), 5)
  output.flush(7)
  assert.equal(socket.taken.toString(), 'a')
})

test('holds no memory of its own while there is nothing to send', () => {
  const output = outputOn(new FakeSocket())
  assert.equal(output.writer.buffer.length, 0)
  reply(output, Buffer.from('a'), 0)
  output.flush(0)
  assert.equal(output.writer.buffer.length, 0)
})

test('a buffer from which the socket still writes serves nobody else, and is used again after that', () => {
  const socket = new FakeSocket()
  const output = outputOn(socket)
  const other = outputOn(new FakeSocket())
  socket.isOpen = false
  reply(output, Buffer.from('waits'), 0)
  const lent = output.writer.buffer
  output.flush(0)
  reply(other, Buffer.from('other'), 0)
  assert.notEqual(other.writer.buffer, lent)
  assert.equal(socket.handedOver.toString(), 'waits')
  socket.drain(1)
  output.flush(0)
  output.open()
  assert.equal(output.writer.buffer, lent)
})

interface Sent {
  readonly start: number
  readonly end: number
  readonly gate: number
}

/** One connection with what it should do, in plain terms. */
class Connection {
  readonly socket = new FakeSocket()
  readonly output = outputOn(this.socket)
  readonly replies: Sent[] = []
  stream = Buffer.alloc(0)
  flushed = 0

  reply(size: number, gate: number): void {
    const bytes = Buffer.allocUnsafe(size)
    for (let i = 0; i < size; i++) bytes[i] = (this.stream.length + i * 7 + (i >> 8) + this.replies.length * 31) & 0xff
    this.replies.push({ start: this.stream.length, end: this.stream.length + size, gate })
    this.stream = Buffer.concat([this.stream, bytes])
    reply(this.output, bytes, gate)
  }

  /** Replies in order up to the first that waits for more. */
  mayBeTold(committed: number): number {
    return this.replies.find((it) => it.gate > committed)?.start ?? this.stream.length
  }

  flush(committed: number): void {
    this.output.flush(committed)
    this.flushed = Math.max(this.flushed, this.mayBeTold(committed))
    assert.equal(this.output.isGated, this.flushed < this.stream.length)
    this.check()
  }

  check(): void {
    const { handedOver, taken } = this.socket
    assert.equal(handedOver.length, this.flushed, 'all that may be told was sent, and nothing else')
    assert.ok(handedOver.equals(this.stream.subarray(0, this.flushed)), 'the bytes are those that were written')
    assert.ok(taken.equals(this.stream.subarray(0, taken.length)))
    assert.equal(this.output.pendingSize, this.stream.length - taken.length)
  }
}

const CONNECTIONS = 3
const connection = fc.nat(CONNECTIONS - 1)
const size = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(1, 16_383, 16_384, 16_385, 40_000))
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('reply' as const), connection, size, writes: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('commit' as const), ahead: fc.nat(10) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('flush' as const), connection }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('stall' as const), connection, open: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('drain' as const), connection, count: fc.nat(3) }) },
)

test('no reply before its commit, none lost, doubled or altered, whatever the kernel takes and whoever shares the memory', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const connections = Array.from({ length: CONNECTIONS }, () => new Connection())
      let end = 0
      let committed = 0
      for (const it of steps) {
        if (it.what === 'commit') {
          committed = Math.min(end, committed + it.ahead)
          for (const each of connections) each.flush(committed)
          continue
        }
        const one = connections[it.connection]!
        if (it.what === 'reply') {
          // A reply waits for the newest record that it depends on, be it its own or an older one that is not committed.
          end += it.writes
          const gate = it.writes > 0 ? end : Math.max(0, end - it.size)
          one.reply(it.size, gate > committed ? gate : 0)
        } else if (it.what === 'flush') one.flush(committed)
        else if (it.what === 'stall') one.socket.isOpen = it.open
        else one.socket.drain(it.count)
        for (const each of connections) each.check()
      }
      for (const each of connections) {
        each.flush(end)
        each.socket.drain(Infinity)
        assert.ok(each.socket.taken.equals(each.stream))
        assert.ok(!each.output.isGated)
        assert.equal(each.output.pendingSize, 0)
      }
    }),
    { numRuns: 400 },
  )
})

test('what commits together leaves together, and nothing of it before', () => {
  const socket = new FakeSocket()
  const output = outputOn(socket)
  // A commit up to 2 is under way: 1 and 2 are in it, 3 to 5 in the next one.
  for (let offset = 1; offset <= 5; offset++) reply(output, Buffer.from(String(offset)), offset, 2)
  const told = (committed: number): string => {
    output.flush(committed)
    return socket.handedOver.toString()
  }
  assert.equal(told(0), '')
  assert.equal(told(2), '12')
  assert.equal(told(4), '12')
  assert.equal(told(5), '12345')
  assert.ok(!output.isGated)
})

test('thousands of gates on one connection', () => {
  const one = new Connection()
  const count = 5000
  for (let i = 1; i <= count; i++) one.reply(3, i)
  for (let committed = 0; committed < count; committed += 37) one.flush(committed)
  assert.equal(one.flushed, 3 * (Math.floor((count - 1) / 37) * 37))
  one.flush(count)
  assert.ok(one.socket.taken.equals(one.stream))
})
