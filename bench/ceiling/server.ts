/**
 * The ceiling: what Node can do on this machine, against which the product is measured. It shares no line with it.
 *
 * Not a product: when the file is full it starts again at position 0 and forgets every key, it never reads the file
 * back, it answers only what the load benchmark asks (SET GET INCR MSET PING CONFIG COMMAND), and it believes its
 * clients (RESP arrays of bulk strings, at most 1,024 arguments). But it keeps the promise that costs the time: no
 * reply leaves before the records that it depends on have been written, under `always` with O_DSYNC.
 *
 * usage: node server.js --data DIR [--port 0] [--fsync always|everysec|no] [--size MIB]; prints its port when it listens
 */
import { closeSync, constants, fdatasync, fsyncSync, openSync, write, writeSync } from 'node:fs'
import { createServer, Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'

const text = (value: string) => ({ type: 'string' as const, default: value })
const options = { port: text('0'), fsync: text('always'), data: text('.'), size: text('256') }
const { values: settings } = parseArgs({ options })

/** The file and its copy in memory, where values are read. Zero-filled first: later writes then change no metadata. */
const memory = Buffer.alloc(Number(settings.size) << 20, 1).fill(0)
const path = join(settings.data, 'ceiling.log')
const zeroed = openSync(path, 'w')
for (let at = 0; at < memory.length; at += 1 << 20) writeSync(zeroed, memory, at, 1 << 20, at)
fsyncSync(zeroed)
closeSync(zeroed)
const file = openSync(path, constants.O_WRONLY | (settings.fsync === 'always' ? constants.O_DSYNC : 0))
const die = (error: Error): never => (process.stderr.write(`${error.message}\n`), process.exit(1))
if (settings.fsync === 'everysec') setInterval(() => fdatasync(file, (error) => error && die(error)), 1000)

/** A connection: its replies in order, the batch that the newest of them waits for, and half a command, if any. */
interface Connection {
  socket: Socket
  out: Buffer
  size: number
  /** Replies below this wait for the batch in flight only, the others for the open one. */
  sealed: number
  waitsFor: number
  rest: Buffer | null
}

/** The index: open addressing, a slot is hash, position of the key (0: empty), key size, value size. */
const MASK = (1 << 19) - 1
const slots = new Int32Array((MASK + 1) * 4)
let used = 0
let hash = 0

/** A batch: CRC-32 and size (8 bytes), then records: key size, value size (8 bytes), key, value. */
let start = 0
let tail = 8
let durable = 0 // records of the index from here on are not committed yet
let openBatch = 1
let committedBatch = 0
let scheduled = false // a batch is in flight, or an immediate will start one
let waitingForOpen: Connection[] = []
let waitingForFlight: Connection[] = []

/** Finds the slot of a key, or the empty slot where it belongs; leaves its hash in `hash`. */
function find(b: Buffer, at: number, size: number): number {
  let h = size
  for (let i = at; i < at + size; i++) h = Math.imul(h ^ b[i]!, 0x01000193)
  hash = h ^= h >>> 15
  for (let slot = h & MASK; ; slot = (slot + 1) & MASK) {
    const position = slots[slot * 4 + 1]!
    if (position === 0) return slot * 4
    if (slots[slot * 4] !== h || slots[slot * 4 + 2] !== size) continue
    let i = 0
    while (i < size && memory[position + i] === b[at + i]) i++
    if (i === size) return slot * 4
  }
}

/** Small copies by loop (a call of Buffer.copy costs more than 32 bytes), larger ones by Buffer.copy. */
function copy(from: Buffer, at: number, size: number, to: Buffer, position: number): void {
  if (size > 32) from.copy(to, position, at, at + size)
  else for (let i = 0; i < size; i++) to[position + i] = from[at + i]!
}

function word(value: number): void {
  for (const end = tail + 4; tail < end; value >>>= 8) memory[tail++] = value
}

function put(b: Buffer, at: number, size: number, value: Buffer, valueAt: number, valueSize: number): void {
  const slot = find(b, at, size)
  if (slots[slot + 1] === 0) used++
  word(size)
  word(valueSize)
  slots[slot] = hash
  slots[slot + 1] = tail
  slots[slot + 2] = size
  slots[slot + 3] = valueSize
  copy(b, at, size, memory, tail)
  copy(value, valueAt, valueSize, memory, tail + size)
  tail += size + valueSize
}

/** Starts again at position 0, taking the open batch along and forgetting the index. */
function wrap(): void {
  memory.copyWithin(0, start, tail)
  tail -= start
  start = durable = used = 0
  slots.fill(0)
}

/** Writes the open batch: one checksum, one write, and the next batch fills meanwhile. */
function commit(): void {
  const from = start
  const size = tail - start
  memory.writeUInt32LE(crc32(memory.subarray(from + 8, tail)), from)
  memory.writeUInt32LE(size, from + 4)
  const released = waitingForFlight
  waitingForFlight = waitingForOpen
  waitingForOpen = released
  for (const c of waitingForFlight) c.sealed = c.size
  durable = from
  start = tail
  tail += 8
  openBatch++
  write(file, memory, from, size, from, (error, written) => {
    if (error !== null || written !== size) die(error ?? new Error('short write'))
    durable = start
    committedBatch = openBatch - 1
    for (const c of waitingForFlight) send(c, c.waitsFor === openBatch ? c.sealed : c.size)
    waitingForFlight.length = 0
    if (tail > start + 8) commit()
    else scheduled = false
  })
}

/** The replies of this connection so far and the next one leave after the open batch, to which a record was added. */
function wait(c: Connection): void {
  if (c.waitsFor !== openBatch) waitingForOpen.push(c)
  c.waitsFor = openBatch
  if (!scheduled) setImmediate(commit)
  scheduled = true
}

/** A read waits for the batch of what it read, when that is not committed yet. */
function waitForRead(c: Connection, position: number): void {
  if (position >= start) wait(c)
  else if (position >= durable && c.waitsFor <= committedBatch) {
    c.waitsFor = openBatch - 1
    waitingForFlight.push(c)
  }
}

/** Writes the first bytes of the replies; the buffer is used again unless the kernel did not take all of it. */
function send(c: Connection, size: number): void {
  if (size > 0) c.socket.write(c.out.subarray(0, size))
  const rest = c.out.subarray(size, c.size)
  if (c.socket.writableLength > 0) c.out = Buffer.allocUnsafeSlow(c.out.length)
  if (rest.length > 0) c.out.set(rest)
  c.size = rest.length
  c.sealed = 0
}

/** Makes room for a reply of this size. */
function reserve(c: Connection, size: number): void {
  if (c.size + size <= c.out.length) return
  const out = Buffer.allocUnsafeSlow(2 * (c.size + size))
  c.out.copy(out, 0, 0, c.size)
  c.out = out
}

function reply(c: Connection, line: string): void {
  reserve(c, line.length)
  for (let i = 0; i < line.length; i++) c.out[c.size++] = line.charCodeAt(i)
}

function get(c: Connection, b: Buffer, at: number, size: number): void {
  const slot = find(b, at, size)
  const position = slots[slot + 1]!
  if (position === 0) {
    reply(c, '$-1\r\n')
    return
  }
  const valueSize = slots[slot + 3]!
  waitForRead(c, position)
  reserve(c, valueSize + 20)
  reply(c, `$${valueSize}\r\n`)
  copy(memory, position + size, valueSize, c.out, c.size)
  c.out[c.size + valueSize] = 13
  c.out[c.size + valueSize + 1] = 10
  c.size += valueSize + 2
}

const digits = Buffer.alloc(16)

function incr(c: Connection, b: Buffer, at: number, size: number): void {
  const slot = find(b, at, size)
  const position = slots[slot + 1]! + size
  let value = 1
  if (position > size) value += Number(memory.toString('latin1', position, position + slots[slot + 3]!))
  if (!Number.isSafeInteger(value)) {
    reply(c, '-ERR value is not an integer or out of range\r\n')
    return
  }
  put(b, at, size, digits, 0, digits.write(String(value), 'latin1'))
  wait(c)
  reply(c, `:${value}\r\n`)
}

/** Reads the number at `cursor` and passes its line end; -1 when the line is not complete. */
let cursor = 0
function integer(b: Buffer, end: number): number {
  let value = 0
  for (; cursor + 1 < end; cursor++) {
    const digit = b[cursor]! - 48
    if (digit < 0) return ((cursor += 2), value)
    value = value * 10 + digit
  }
  return -1
}

const ats = new Int32Array(1024)
const sizes = new Int32Array(1024)

/** Runs every complete command and returns where the incomplete one begins. */
function run(c: Connection, b: Buffer, end: number): number {
  if (tail + 2 * end > memory.length || used > MASK / 2) wrap()
  for (let begin = 0; ; begin = cursor) {
    cursor = begin + 1
    const count = integer(b, end)
    if (count < 0) return begin
    for (let i = 0; i < count; i++) {
      cursor++
      const size = integer(b, end)
      if (size < 0 || cursor + size + 2 > end) return begin
      ats[i] = cursor
      sizes[i] = size
      cursor += size + 2
    }
    const at = ats[1]!
    switch ((b[ats[0]!]! | 32) * 8 + sizes[0]!) {
      case 115 * 8 + 3: // SET
        put(b, at, sizes[1]!, b, ats[2]!, sizes[2]!)
        wait(c)
        reply(c, '+OK\r\n')
        break
      case 103 * 8 + 3: // GET
        get(c, b, at, sizes[1]!)
        break
      case 105 * 8 + 4: // INCR
        incr(c, b, at, sizes[1]!)
        break
      case 109 * 8 + 4: // MSET
        for (let i = 1; i + 1 < count; i += 2) put(b, ats[i]!, sizes[i]!, b, ats[i + 1]!, sizes[i + 1]!)
        wait(c)
        reply(c, '+OK\r\n')
        break
      case 112 * 8 + 4: // PING
        reply(c, '+PONG\r\n')
        break
      case 99 * 8 + 6: // CONFIG GET
        reply(c, '*2\r\n$4\r\nsave\r\n$0\r\n\r\n')
        break
      case 99 * 8 + 7: // COMMAND
        reply(c, '*0\r\n')
        break
      default:
        reply(c, '-ERR unknown command\r\n')
    }
  }
}

/** One static buffer that all connections read into: what is left of it after a read is half a command. */
const shared = Buffer.allocUnsafeSlow(64 << 10)

function receive(c: Connection, size: number): void {
  const joined = c.rest !== null
  const b = c.rest !== null ? Buffer.concat([c.rest, shared.subarray(0, size)]) : shared
  const end = joined ? b.length : size
  const done = run(c, b, end)
  c.rest = done === end ? null : Buffer.from(b.subarray(done, end))
  if (c.waitsFor <= committedBatch) send(c, c.size)
}

const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted: Socket & { _handle?: unknown }) => {
  const onread: OnReadOpts = { buffer: shared, callback: (size) => (receive(c, size), true) }
  const socket = new Socket({ handle: accepted._handle, onread } as SocketConstructorOpts)
  accepted._handle = null
  const c: Connection = { socket, out: Buffer.allocUnsafeSlow(8192), size: 0, sealed: 0, waitsFor: 0, rest: null }
  socket.on('error', () => socket.destroy())
})
server.listen(Number(settings.port), '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? (address?.port ?? '') : ''}\n`)
})
