import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js'
import { DEFAULT_REQUEST_LIMITS, RequestStream } from '../../src/protocol/resp/request-stream.js'
import { ReplyWriter } from '../../src/protocol/resp/reply-writer.js'

/*
 * RESP codec against the decoder of node-redis and against splitting strings: the same pipelined requests, in reads of
 * 64 KiB that cut them anywhere. Run: node dist/bench/micro/resp.js [seconds per row]
 */

const READ_SIZE = 64 * 1024
const seconds = Number(process.argv[2] ?? 1)

function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((it) => `$${Buffer.byteLength(it)}\r\n${it}\r\n`).join('')}`
}

/** About 4 MiB of the same request. */
function stream(one: string): { input: Buffer; count: number } {
  const count = Math.ceil((4 << 20) / one.length)
  return { input: Buffer.from(one.repeat(count)), count }
}

type Decode = (input: Buffer) => number

const decoders: [string, () => Decode][] = [
  [
    'flin',
    () => {
      const requests = new RequestStream(DEFAULT_REQUEST_LIMITS)
      return (input) => {
        let count = 0
        for (let at = 0; at < input.length; at += READ_SIZE) {
          requests.feed(input, at, Math.min(input.length, at + READ_SIZE))
          while (requests.next()) count++
          requests.retain()
        }
        return count
      }
    },
  ],
  [
    'node-redis',
    () => {
      let count = 0
      const decoder = new Decoder({
        onReply: () => count++,
        onErrorReply: () => undefined,
        onPush: () => undefined,
        getTypeMapping: () => ({ 36: Buffer }),
      })
      return (input) => {
        count = 0
        for (let at = 0; at < input.length; at += READ_SIZE) {
          decoder.write(input.subarray(at, Math.min(input.length, at + READ_SIZE)))
        }
        return count
      }
    },
  ],
  [
    'split',
    () => (input) => {
      // Neither binary-safe nor able to go on with a part: what it costs to do the least.
      let count = 0
      let rest = ''
      for (let at = 0; at < input.length; at += READ_SIZE) {
        const parts = (rest + input.toString('latin1', at, at + READ_SIZE)).split('\r\n')
        let from = 0
        while (from + 1 < parts.length) {
          const size = 1 + 2 * Number(parts[from]!.slice(1))
          if (from + size >= parts.length) break
          count++
          from += size
        }
        rest = parts.slice(from).join('\r\n')
      }
      return count
    },
  ],
]

/** Calls per second, best of what fits in the time, after a warm-up of the same length. */
function rate(work: () => number): number {
  let best = 0
  for (const measured of [false, true]) {
    const end = performance.now() + seconds * 500
    while (performance.now() < end) {
      const start = performance.now()
      const count = work()
      const speed = (count * 1000) / (performance.now() - start)
      if (measured) best = Math.max(best, speed)
    }
  }
  return best
}

function print(name: string, rates: [string, number][]): void {
  const columns = rates.map(([who, speed]) => `${who} ${(speed / 1e6).toFixed(2).padStart(7)}`)
  process.stdout.write(`${name.padEnd(28)}${columns.join('   ')}   (million a second)\n`)
}

const rows: [string, string][] = [
  ['decode PING', request('PING')],
  ['decode GET', request('GET', 'key:000000012345')],
  ['decode SET of 64 B', request('SET', 'key:000000012345', 'v'.repeat(64))],
  ['decode SET of 4 KiB', request('SET', 'key:000000012345', 'v'.repeat(4096))],
  ['decode SET of 1 MiB', request('SET', 'key:000000012345', 'v'.repeat(1 << 20))],
  ['decode MSET of 100', request('MSET', ...Array<string>(200).fill('abcdefghij'))],
]
for (const [name, one] of rows) {
  const { input, count } = stream(one)
  const rates = decoders.map(([who, make]): [string, number] => {
    const decode = make()
    if (decode(input) !== count) throw new Error(`${who} has not read all`)
    return [who, rate(() => decode(input))]
  })
  print(name, rates)
}

const reply = new ReplyWriter()
reply.ok()
const value = Buffer.alloc(4096, 'v')
const CALLS = 100_000
const writes: [string, () => void][] = [
  ['write OK', () => reply.ok()],
  ['write nil', () => reply.nil()],
  ['write integer', () => reply.integer(123_456)],
  ['write bulk of 64 B', () => reply.bulk(value, 1, 65)],
  ['write bulk of 4 KiB', () => reply.bulk(value, 0, 4096)],
]
for (const [name, write] of writes) {
  const speed = rate(() => {
    for (let i = 0; i < CALLS; i++) {
      write()
      if (reply.length > 12_000) reply.truncate(0)
    }
    return CALLS
  })
  print(name, [['flin', speed]])
}
