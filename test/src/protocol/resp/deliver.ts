import assert from 'node:assert/strict'
import { FlinError } from '../../../../segments/errors.js'
import {
  DEFAULT_REQUEST_LIMITS,
  RequestStream,
  type RequestLimits,
} from '../../../../src/protocol/resp/request-stream.js'

/** What a stream has made of its input. Arguments are latin1 strings. */
export interface Outcome {
  requests: string[][]
  error: string | null
}

/** As many bytes as the socket reads at once. */
const shared = Buffer.alloc(64 * 1024 + 64)

/** Feeds bytes as a connection does: through one buffer that is overwritten as soon as retain() has been called. */
export class Feeder {
  readonly stream: RequestStream
  readonly outcome: Outcome = { requests: [], error: null }
  #round = 0

  constructor(limits: Partial<RequestLimits> = {}, authenticated = true) {
    this.stream = new RequestStream({ ...DEFAULT_REQUEST_LIMITS, ...limits })
    this.stream.authenticated = authenticated
  }

  /**
   * Feeds one read. `take` says how many requests are read at most before retain(); `giveBack` whether the request with
   * that number within this read is given back after it was looked at.
   */
  read(piece: Buffer, take = Infinity, giveBack: (i: number) => boolean = () => false): void {
    if (this.outcome.error !== null) return
    assert.ok(piece.length <= 64 * 1024)
    // Not always at the beginning: positions are not sizes.
    const start = this.#round++ % 64
    piece.copy(shared, start)
    this.stream.feed(shared, start, start + piece.length)
    this.drain(take, giveBack)
    this.stream.retain()
    // Bytes that would be taken for requests where they are read again.
    shared.fill('*')
  }

  drain(take = Infinity, giveBack: (i: number) => boolean = () => false): void {
    const { stream, outcome } = this
    try {
      for (let i = 0; i < take && stream.next(); i++) {
        const request = texts(stream)
        if (giveBack(i)) {
          stream.unnext()
          if (i % 3 === 1) return
          assert.ok(stream.next(), 'a request that was given back is there')
          assert.deepEqual(texts(stream), request)
        }
        outcome.requests.push(request)
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

/** The arguments of the request that next() has returned, which must also survive as copies. */
function texts(stream: RequestStream): string[] {
  const { args, frameStart, frameEnd } = stream
  const { buf, starts, ends, count } = args
  const request: string[] = []
  for (let i = 0; i < count; i++) request.push(buf.toString('latin1', starts[i], ends[i]))
  assert.ok(frameStart >= 0 && frameStart <= starts[0]!)
  assert.ok(frameEnd >= ends[count - 1]! && frameEnd <= buf.length)
  const copy = args.copy()
  assert.equal(copy.count, count)
  for (let i = 0; i < Math.min(count, 100); i++) {
    assert.equal(copy.buf.toString('latin1', copy.starts[i], copy.ends[i]), request[i])
  }
  return request
}

/** Cuts `input` at `cuts` (rising) and further so that no piece is larger than a read, and feeds it. */
export function deliver(
  input: Buffer,
  cuts: readonly number[],
  limits?: Partial<RequestLimits>,
  authenticated?: boolean,
): Outcome {
  const feeder = new Feeder(limits, authenticated)
  let at = 0
  for (const cut of [...cuts, input.length]) {
    while (at < cut) {
      const end = Math.min(cut, at + 64 * 1024)
      feeder.read(input.subarray(at, end))
      at = end
    }
  }
  return feeder.outcome
}

export function multibulk(...args: (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}
