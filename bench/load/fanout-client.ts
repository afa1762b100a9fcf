/**
 * A hundred subscribers of one channel, and connections that publish to it with a pipeline. A request is a message, and it is done when
 * all subscribers have it. Takes the flags of redis-benchmark.
 */
import { clientFlags, encode, open, printResult } from './client-flags.js'

const CHANNEL = 'bench:channel'
const SUBSCRIBER_COUNT = 100
const SUBSCRIBED_SIZE = `*3\r\n$9\r\nsubscribe\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n:1\r\n`.length

async function main(): Promise<void> {
  const { port, requests, connections, pipeline, size } = clientFlags()
  const value = 'x'.repeat(size)
  const frame = `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n$${size}\r\n${value}\r\n`
  const subscribers = await Promise.all(
    Array.from({ length: SUBSCRIBER_COUNT }, () => subscribe(port, frame.length * requests)),
  )
  await Promise.all(subscribers.map(({ ready }) => ready))
  const latencies: number[] = []
  const began = performance.now()
  let left = requests
  const take = (): number => {
    const count = Math.min(left, pipeline)
    left -= count
    return count
  }
  const publishers = Array.from({ length: connections }, () => publish(port, value, take, latencies))
  await Promise.all([...publishers, ...subscribers.map(({ done }) => done)])
  printResult('PUBLISH', requests, performance.now() - began, latencies)
  for (const { socket } of subscribers) socket.destroy()
}

/** Is ready when it has subscribed, and done when it has got so many bytes of messages. */
async function subscribe(port: number, due: number) {
  let got = 0
  let isReady: () => void = () => undefined
  let isDone: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (isReady = resolve))
  const done = new Promise<void>((resolve) => (isDone = resolve))
  const socket = await open(port, (_bytes, size) => {
    got += size
    if (got >= SUBSCRIBED_SIZE) isReady()
    if (got === SUBSCRIBED_SIZE + due) isDone()
    if (got > SUBSCRIBED_SIZE + due) throw new Error('a subscriber got too much')
  })
  socket.write(encode(['SUBSCRIBE', CHANNEL]))
  return { socket, ready, done }
}

/** Publishes as many as `take` gives, batch by batch, each when the one before is answered. */
async function publish(port: number, value: string, take: () => number, latencies: number[]): Promise<void> {
  const request = encode(['PUBLISH', CHANNEL, value])
  const replySize = `:${SUBSCRIBER_COUNT}\r\n`.length
  let due = 0
  let answered: () => void = () => undefined
  const socket = await open(port, (bytes, size) => {
    if (bytes[0] === 0x2d) throw new Error(`the server answered ${bytes.toString('latin1', 0, size)}`)
    due -= size
    if (due === 0) answered()
  })
  for (let count = take(); count > 0; count = take()) {
    const began = performance.now()
    due = count * replySize
    const reply = new Promise<void>((resolve) => (answered = resolve))
    socket.write(Buffer.concat(Array.from({ length: count }, () => request)))
    await reply
    latencies.push(performance.now() - began)
  }
  socket.destroy()
}

await main()
