import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OPCODE } from '../../src/protocol/binary/opcodes.js'
import { RandomSteps } from '../conformance/random-steps.js'
import { ask, u32 } from '../helpers/binary-frames.js'
import type { Random } from '../helpers/random.js'

const PIECES = [
  '*1\r\n',
  '*3\r\n',
  '$3\r\n',
  'GET',
  '\r\n',
  '$1\r\na\r\n',
  '$',
  '*',
  '"',
  '\\x',
  '\0',
  'a',
  '-1',
  '~',
  '\n',
]
const CLAIMS = [
  '*2147483647\r\n',
  '*1000000000\r\n$1\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n',
  '$9'.repeat(40),
]
const OPCODES = [...Object.values(OPCODE), 0x20, 0x24, 0x35, 0x77]
/** Requests that would disturb a neighbour rightly, or end the daemon's clients, or change what it takes. */
const NOT_SENT = /flush|config|kill|shutdown/i
/** So many bytes does one connection send at most, mutated or not. */
const SIZE_MAX = 60_000
/** So long is one that goes silent kept. */
const SILENCE_MS_MAX = 40

/** How a connection's bytes are made. */
export const NOISES = [
  'random bytes',
  'pieces of RESP',
  'mutated RESP',
  'mutated frames',
  'claims',
  'unread replies',
] as const
export type Noise = (typeof NOISES)[number]

/** Connections that misbehave: what they send is nothing, or nearly something, and they end in one of several ways. */
export class NoiseClient {
  readonly #port: number
  readonly #random: Random
  readonly #steps: RandomSteps
  /** Connections that were made; bytes that were sent. */
  count = 0
  size = 0

  constructor(port: number, random: Random) {
    this.#port = port
    this.#random = random
    this.#steps = new RandomSteps(random, 2)
  }

  /** One connection, from its beginning to its end. Rejects when it cannot be made. */
  async run(noise: Noise): Promise<void> {
    const random = this.#random
    const bytes = this.#bytes(noise)
    const socket = net.connect(this.#port, '127.0.0.1')
    const closed = once(socket, 'close')
    await once(socket, 'connect')
    socket.on('error', () => undefined) // the daemon may end it first
    this.count++
    this.size += bytes.length
    if (noise === 'unread replies') socket.pause()
    else socket.resume()
    await this.#send(socket, bytes)
    if (random.chance(0.3)) await sleep(random.below(SILENCE_MS_MAX))
    if (random.chance(0.3)) socket.resetAndDestroy()
    else if (random.chance(0.5) && noise !== 'unread replies') socket.end()
    else socket.destroy()
    // A half request that has ended is answered with the end.
    await closed
  }

  /** In one piece, in several, or byte by byte. */
  async #send(socket: net.Socket, bytes: Buffer): Promise<void> {
    const random = this.#random
    const pieceSize = random.pick([1, 7, 1000, SIZE_MAX, SIZE_MAX])
    const pieces = Math.min(Math.ceil(bytes.length / pieceSize), 50)
    for (let i = 0; i < pieces && socket.writable; i++) {
      const isLast = i === pieces - 1
      socket.write(bytes.subarray(i * pieceSize, isLast ? bytes.length : (i + 1) * pieceSize))
      if (!isLast) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #bytes(noise: Noise): Buffer {
    const random = this.#random
    switch (noise) {
      case 'random bytes':
        return this.#noise(random.below(SIZE_MAX))
      case 'pieces of RESP':
        return Buffer.from(Array.from({ length: random.below(400) }, () => random.pick(PIECES)).join(''), 'latin1')
      case 'mutated RESP':
        return this.#mutated(this.#requests())
      case 'mutated frames':
        return this.#mutated(Buffer.concat(Array.from({ length: 1 + random.below(30) }, () => this.#frame())))
      case 'claims':
        return Buffer.concat([this.#claim(), this.#noise(random.below(5000))])
      case 'unread replies':
        return Buffer.concat([
          Buffer.from(`SET key:1 ${'v'.repeat(20_000)}\r\n`),
          Buffer.from('GET key:1\r\n'.repeat(400)),
        ])
    }
  }

  #noise(size: number): Buffer {
    const bytes = Buffer.alloc(size)
    for (let at = 0; at < size; at++) bytes[at] = this.#random.below(256)
    return bytes
  }

  /** Requests as the comparison with Redis makes them. */
  #requests(): Buffer {
    const parts: Buffer[] = []
    for (const step of this.#steps.make(1 + this.#random.below(40))) {
      if (step.type === 'request' && !NOT_SENT.test(step.text)) parts.push(step.bytes)
    }
    return Buffer.concat(parts).subarray(0, SIZE_MAX)
  }

  #frame(): Buffer {
    const random = this.#random
    const key = (): string => `key:${random.below(14)}`
    const value = (): Buffer => this.#noise(random.below(300))
    return random.pick([
      () => ask.set(key(), value()),
      () => ask.get(key()),
      () => ask.del(key()),
      () => ask.exists(key()),
      () => ask.incr(key()),
      () => ask.decr(key()),
      () => ask.mset(Array.from({ length: random.below(5) }, () => [key(), value()])),
      () => ask.mget(...Array.from({ length: random.below(5) }, key)),
      () => ask.mdel(key(), key()),
      () => ask.hello(1, ...Array.from({ length: random.below(3) }, key)),
    ])()
  }

  /** A length that nothing, or too little, follows. */
  #claim(): Buffer {
    const random = this.#random
    if (random.chance(0.5)) return Buffer.from(random.pick(CLAIMS))
    return Buffer.concat([
      Buffer.from([random.pick(OPCODES)]),
      u32(random.pick([0x7fff_ffff, 0xffff_ffff, 100_000_000, 9])),
    ])
  }

  /** Flips, drops, doubles and overwrites some bytes. */
  #mutated(bytes: Buffer): Buffer {
    const random = this.#random
    if (bytes.length === 0) return bytes
    let result = Buffer.from(bytes)
    for (let left = random.below(6); left > 0; left--) {
      const at = random.below(result.length)
      const end = Math.min(result.length, at + 1 + random.below(random.pick([1, 8, 200])))
      const [before, piece, rest] = [result.subarray(0, at), result.subarray(at, end), result.subarray(end)]
      const roll = random.below(4)
      if (roll === 0) result[at] = result[at]! ^ (1 << random.below(8))
      else if (roll === 1 && result.length > 1) result = Buffer.concat([before, rest])
      else if (roll === 2) result = Buffer.concat([before, piece, piece, rest])
      else result = Buffer.concat([before, this.#noise(piece.length), rest])
      if (result.length === 0) return result
    }
    // A mutated name may be one that is not to be sent.
    return NOT_SENT.test(result.toString('latin1')) ? Buffer.from(bytes) : result
  }
}
