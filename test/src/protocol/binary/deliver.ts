import assert from 'node:assert/strict'
import { FlinError } from '../../../../segments/errors.js'
import { BinaryRequestStream } from '../../../../src/protocol/binary/request-stream.js'

/** What a stream has made of its input: opcodes with payloads as latin1 characters. */
export interface Outcome {
  requests: [opcode: number, payload: string][]
  error: string | null
}

const READ_SIZE = 64 * 1024
const shared = Buffer.alloc(READ_SIZE + 64)

/** Feeds bytes as a connection does: through one buffer that is overwritten as soon as retain() has been called. */
export class Feeder {
  readonly stream: BinaryRequestStream
  readonly outcome: Outcome = { requests: [], error: null }
  #round = 0

  constructor(querySizeMax = 1 << 30, authenticated = true) {
    this.stream = new BinaryRequestStream({ querySizeMax })
    this.stream.authenticated = authenticated
  }

  /** Feeds one read; at most `take` requests are read, and that with the number `giveBack` is given back once. */
  read(piece: Buffer, take = Infinity, giveBack = -1): void {
    if (this.outcome.error !== null) return
    assert.ok(piece.length <= READ_SIZE)
    const start = this.#round++ % 64
    piece.copy(shared, start)
    this.stream.feed(shared, start, start + piece.length)
    this.drain(take, giveBack)
    this.stream.retain()
    // Bytes that would be taken for requests where they are read again.
    shared.fill(0)
  }

  drain(take = Infinity, giveBack = -1): void {
    const { stream, outcome } = this
    try {
      for (let i = 0; i < take && stream.next(); i++) {
        if (i === giveBack) {
          stream.unnext()
          // Every other time it comes after retain() only.
          if (this.#round % 2 === 0) return
          assert.ok(stream.next())
        }
        outcome.requests.push([stream.opcode, stream.bytes.toString('latin1', stream.payloadStart, stream.payloadEnd)])
      }
    } catch (error) {
      if (!(error instanceof FlinError)) throw error
      assert.equal(error.code, 'PROTOCOL')
      outcome.error = error.message
      // It stays refused.
      assert.throws(() => stream.next(), { message: error.message })
    }
  }
}

/** Cuts `input` at `cuts` (rising) and further so that no piece is larger than a read, and feeds it. */
export function deliver(
  input: Buffer,
  cuts: readonly number[],
  querySizeMax?: number,
  authenticated?: boolean,
): Outcome {
  const feeder = new Feeder(querySizeMax, authenticated)
  let at = 0
  for (const cut of [...cuts, input.length]) {
    while (at < cut) {
      const end = Math.min(cut, at + READ_SIZE)
      feeder.read(input.subarray(at, end))
      at = end
    }
  }
  // What is given back at the end of a read comes without further bytes.
  feeder.drain()
  return feeder.outcome
}
