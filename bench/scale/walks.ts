/** What commands over all keys cost a daemon that holds many, and the others who ask it something meanwhile. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Contender } from '../load/servers.js'

const PAGE_SIZE = 4096
const MIB = 2 ** 20
const SCAN_COUNT = 1000
const RANDOM_KEYS = 10_000
const REST_MS = 2000
const PONG = '+PONG\r\n'

function residentSize({ child }: Contender): number {
  return Number(readFileSync(`/proc/${child.pid ?? ''}/statm`, 'latin1').split(' ')[1]) * PAGE_SIZE
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Sends a request; what comes is handed over, until `take` says that it was the end. Rejects when the server hangs up. */
function ask(socket: Socket, request: string, take: (chunk: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => {
      reject(new Error('the server hung up'))
    }
    const data = (chunk: Buffer): void => {
      if (!take(chunk)) return
      socket.off('data', data).off('close', closed)
      resolve()
    }
    socket.on('data', data).on('close', closed)
    socket.write(request)
  })
}

/** Asks PING again and again while something else runs: the longest it waited is the longest stop of the daemon's loop. */
async function beside(server: Contender, run: () => Promise<string>): Promise<string> {
  const neighbour = await open(server.port)
  const before = residentSize(server)
  let peak = before
  let longestMs = 0
  let isDone = false
  const pinging = (async () => {
    while (!isDone) {
      const began = performance.now()
      let reply = ''
      await ask(neighbour, 'PING\r\n', (chunk) => (reply += chunk.toString('latin1')).length >= PONG.length)
      longestMs = Math.max(longestMs, performance.now() - began)
      peak = Math.max(peak, residentSize(server))
    }
  })()
  const began = performance.now()
  const result = await run()
  const seconds = (performance.now() - began) / 1000
  isDone = true
  await pinging
  neighbour.destroy()
  const memory = `${Math.round(before / MIB)} -> ${Math.round(peak / MIB)} MiB`
  return `${result} | ${seconds.toFixed(1)} s | ${longestMs.toFixed(0)} ms | ${memory} |`
}

/** The size of a reply that ends with `tail`, read as fast as it comes. */
async function sizeOf(
  socket: Socket,
  request: string,
  isEnd: (size: number, last: Buffer) => boolean,
): Promise<number> {
  let size = 0
  await ask(socket, request, (chunk) => isEnd((size += chunk.length), chunk))
  return size
}

/** Walks over all keys, each of `keySize` bytes, of a daemon that holds `count`; the rows of a table, a row for each way. */
export async function* walks(server: Contender, count: number, keySize: number): AsyncGenerator<string> {
  const socket = await open(server.port)
  const bulkSize = `$${keySize}\r\n`.length + keySize + 2
  const all = `*${count}\r\n`.length + count * bulkSize
  yield '| over all keys | brings | takes | longest wait of a neighbour | resident memory |'
  yield '| --- | --- | --- | --- | --- |'
  // What the machine and the benchmark itself add to every other line.
  yield `| at rest | ${await beside(server, () => delay(REST_MS, 'nothing'))}`
  yield `| KEYS * | ${await beside(server, async () => {
    const size = await sizeOf(socket, 'KEYS *\r\n', (received) => received >= all)
    return `${(size / MIB).toFixed(0)} MiB`
  })}`
  yield `| KEYS nothing* | ${await beside(server, async () => {
    await sizeOf(socket, 'KEYS nothing*\r\n', (received) => received >= 4)
    return 'nothing'
  })}`
  yield `| SCAN COUNT ${SCAN_COUNT} | ${await beside(server, () => scanAll(socket, count))}`
  yield `| SCAN COUNT ${count}, once | ${await beside(server, async () => {
    await sizeOf(socket, `SCAN 0 COUNT ${count}\r\nPING\r\n`, (_, last) => last.toString('latin1').endsWith(PONG))
    return 'one call'
  })}`
  yield `| RANDOMKEY | ${await beside(server, async () => {
    const expected = RANDOM_KEYS * bulkSize
    await sizeOf(socket, 'RANDOMKEY\r\n'.repeat(RANDOM_KEYS), (received) => received >= expected)
    return `${RANDOM_KEYS} calls`
  })}`
  socket.destroy()
}

/** Calls SCAN until the end; @throws Error when not every key came once. */
async function scanAll(socket: Socket, count: number): Promise<string> {
  let found = 0
  let calls = 0
  let cursor = '0'
  do {
    let reply = ''
    // Two lines for each of the cursor, the count, and the keys.
    await ask(socket, `SCAN ${cursor} COUNT ${SCAN_COUNT}\r\n`, (chunk) => isWhole((reply += chunk.toString('latin1'))))
    const [, , next, length] = reply.split('\r\n', 4)
    cursor = next!
    found += Number(length!.slice(1))
    calls++
  } while (cursor !== '0')
  if (found !== count) throw new Error(`SCAN found ${found} of ${count} keys`)
  return `${calls} calls`
}

function isWhole(reply: string): boolean {
  const header = /^\*2\r\n\$\d+\r\n\d+\r\n\*(\d+)\r\n/.exec(reply)
  if (header === null) return false
  return reply.endsWith('\r\n') && reply.split('\r\n').length - 1 === 4 + Number(header[1]) * 2
}
