/** A bare client for what surrounds the measurement: waiting for a server, loading keys, checking that reads hit. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { keyOf } from './rows.js'

const READY_POLL_MS = 20
const LOAD_CHUNK_COUNT = 1000
const LOAD_CHUNK_SIZE = 1 << 23

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => undefined) // 'close' follows, and is what exchange() hears
  return socket
}

/** Sends and reads until this many bytes have come, or, when they begin with `stop`, whatever has come. */
async function exchange(socket: Socket, request: string, size: number, stop?: string): Promise<string> {
  let reply = ''
  const received = new Promise<string>((resolve, reject) => {
    const closed = () => reject(new Error(`the server hung up after ${JSON.stringify(reply.slice(0, 100))}`))
    const data = (chunk: Buffer) => {
      reply += chunk.toString('latin1')
      const stopped = stop !== undefined && reply.startsWith(stop)
      if (reply.length < size && !reply.startsWith('-') && !stopped) return
      socket.off('data', data).off('close', closed)
      resolve(reply)
    }
    socket.on('data', data).on('close', closed)
  })
  socket.write(request, 'latin1')
  return received
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

async function answersPing(port: number, signal: AbortSignal): Promise<boolean> {
  let socket: Socket | undefined
  const hangUp = () => socket?.destroy()
  signal.addEventListener('abort', hangUp)
  try {
    socket = await open(port)
    return (await exchange(socket, encode(['PING']), 7)) === '+PONG\r\n'
  } catch {
    return false
  } finally {
    signal.removeEventListener('abort', hangUp)
    hangUp()
  }
}

/**
 * Waits until the server answers PING.
 * @throws the reason of the signal when it is aborted: by the caller, or since the server has ended or takes too long.
 */
export async function untilReady(port: number, signal: AbortSignal): Promise<void> {
  while (!(await answersPing(port, signal))) {
    signal.throwIfAborted()
    await delay(READY_POLL_MS)
  }
}

/**
 * Sets so many keys of the pattern to values of so many bytes.
 * @throws Error when the server answers anything but OK.
 */
export async function load(port: number, pattern: string, keyCount: number, valueSize: number): Promise<void> {
  const socket = await open(port)
  const value = 'x'.repeat(valueSize)
  const chunk = Math.min(LOAD_CHUNK_COUNT, Math.ceil(LOAD_CHUNK_SIZE / valueSize))
  try {
    for (let first = 0; first < keyCount; first += chunk) {
      const count = Math.min(chunk, keyCount - first)
      let request = ''
      for (let i = 0; i < count; i++) request += encode(['SET', keyOf(pattern, first + i), value])
      const replies = await exchange(socket, request, count * 5)
      if (replies !== '+OK\r\n'.repeat(count)) throw new Error(`SET answered ${replies.slice(0, 100)}`)
    }
  } finally {
    socket.destroy()
  }
}

/** The part of up to a thousand evenly spread keys that are found with a value of the right size. */
export async function hitRatio(port: number, pattern: string, keyCount: number, valueSize: number): Promise<number> {
  const sampleCount = Math.min(1000, keyCount)
  const socket = await open(port)
  const expected = `$${valueSize}\r\n${'x'.repeat(valueSize)}\r\n`
  let hits = 0
  try {
    for (let i = 0; i < sampleCount; i++) {
      const key = keyOf(pattern, Math.floor((i * keyCount) / sampleCount))
      if ((await exchange(socket, encode(['GET', key]), expected.length, '$-1')) === expected) hits++
    }
  } finally {
    socket.destroy()
  }
  return hits / sampleCount
}
