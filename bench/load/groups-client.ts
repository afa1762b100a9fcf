/**
 * Consumers of one group: each reads a hundred entries, acknowledges them, and reads on. The stream is filled before, and only
 * reading and acknowledging is measured. Takes the flags of redis-benchmark; a request is an entry.
 */
import { once } from 'node:events'
import { clientFlags, encode, open, printResult } from './client-flags.js'

const STREAM = 'bench:stream'
const GROUP = 'workers'
const COUNT = 100
const FILL_PIPELINE = 500

async function main(): Promise<void> {
  const { port, requests, connections, size } = clientFlags()
  await fill(port, requests, 'x'.repeat(size))
  const latencies: number[] = []
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, (_, i) => consume(port, `consumer ${i}`, latencies)))
  printResult('XREADGROUP, XACK', requests, performance.now() - began, latencies)
}

/** Sends requests and resolves with their replies, which end as `isWhole` says. */
async function exchange(port: number, isWhole: (text: string) => boolean) {
  let text = ''
  let answered: (text: string) => void = () => undefined
  const socket = await open(port, (bytes, size) => {
    text += bytes.toString('latin1', 0, size)
    if (text.startsWith('-')) throw new Error(`the server answered ${text}`)
    if (!isWhole(text)) return
    const whole = text
    text = ''
    answered(whole)
  })
  const call = (request: Buffer): Promise<string> => {
    const reply = new Promise<string>((resolve) => (answered = resolve))
    socket.write(request)
    return reply
  }
  return { socket, call }
}

async function fill(port: number, requests: number, value: string): Promise<void> {
  let due = 0
  const { socket, call } = await exchange(port, (text) => text.split('\n').length - 1 === due)
  due = 3
  const group = encode(['XGROUP', 'CREATE', STREAM, GROUP, '0', 'MKSTREAM'])
  await call(Buffer.concat([encode(['DEL', STREAM]), group, encode(['PING'])]))
  const add = encode(['XADD', STREAM, '*', 'field', value])
  for (let left = requests; left > 0; left -= FILL_PIPELINE) {
    const count = Math.min(left, FILL_PIPELINE)
    due = count * 2
    await call(Buffer.concat(Array.from({ length: count }, () => add)))
  }
  socket.destroy()
  await once(socket, 'close')
}

async function consume(port: number, name: string, latencies: number[]): Promise<void> {
  const ids = /\r\n(\d+-\d+)\r\n/g
  let isReading = true
  // An entry is an array of its id and of its two words: seven lines behind that of its own beginning.
  const { socket, call } = await exchange(port, (text) => {
    if (!isReading) return text.endsWith('\r\n')
    return text === '*-1\r\n' || isWholeRead(text)
  })
  const read = encode(['XREADGROUP', 'GROUP', GROUP, name, 'COUNT', String(COUNT), 'STREAMS', STREAM, '>'])
  for (;;) {
    const began = performance.now()
    isReading = true
    const text = await call(read)
    if (text === '*-1\r\n') break
    isReading = false
    await call(encode(['XACK', STREAM, GROUP, ...[...text.matchAll(ids)].map(([, id]) => id!)]))
    latencies.push(performance.now() - began)
  }
  socket.destroy()
}

/** `*1 *2 $ stream *n`, five lines, then eight for each entry. */
function isWholeRead(text: string): boolean {
  const head = /^\*1\r\n\*2\r\n\$\d+\r\n[^\r]*\r\n\*(\d+)\r\n/.exec(text)
  if (head === null || !text.endsWith('\r\n')) return false
  let lines = 0
  for (let at = text.indexOf('\n', head[0].length); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines === Number(head[1]) * LINES_PER_ENTRY
}

/** `*2 $ id *2 $ field $ value`: a length and the word itself for each of three, and two beginnings. */
const LINES_PER_ENTRY = 8

await main()
