/** A bare client for what surrounds the measurement: waiting for a server, loading keys, checking that reads hit. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { KEY_COUNT, VALUE_SIZE, keyOf } from './rows.js'

const READY_POLL_MS = 20
const LOAD_CHUNK_COUNT = 1000

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
 * Sets every key of the pattern to a value of VALUE_SIZE bytes.
 * @throws Error when the server answers anything but OK.
 */
export async function load(port: number, pattern: string): Promise<void> {
  const socket = await open(port)
  const value = 'x'.repeat(VALUE_SIZE)
  try {
    for (let first = 0; first < KEY_COUNT; first += LOAD_CHUNK_COUNT) {
      let request = ''
      for (let i = 0; i < LOAD_CHUNK_COUNT; i++) request += encode(['SET', keyOf(pattern, first + i), value])
      const replies = await exchange(socket, request, LOAD_CHUNK_COUNT * 5)
      if (replies !== '+OK\r\n'.repeat(LOAD_CHUNK_COUNT)) throw new Error(`SET answered ${replies.slice(0, 100)}`)
    }
  } finally {
    socket.destroy()
  }
}

/** The part of this many evenly spread keys that are found with a value of the right size. */
export async function hitRatio(port: number, pattern: string, sampleCount = 1000): Promise<number> {
  const socket = await open(port)
  const expected = `$${VALUE_SIZE}\r\n${'x'.repeat(VALUE_SIZE)}\r\n`
  let hits = 0
  try {
    for (let i = 0; i < sampleCount; i++) {
      const key = keyOf(pattern, Math.floor((i * KEY_COUNT) / sampleCount))
      if ((await exchange(socket, encode(['GET', key]), expected.length, '$-1')) === expected) hits++
    }
  } finally {
    socket.destroy()
  }
  return hits / sampleCount
}
