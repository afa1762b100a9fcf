/**
 * A load client that sends any kind of request in the same way, so that they can be compared: connections that keep a pipeline
 * full, requests made beforehand, replies counted by their bytes or lines. It prints one line of JSON.
 * Run by `npm run bench:cousins`, on a core of its own.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { KINDS, type Kind, type KindName } from './cousin-kinds.js'
import { KEY_COUNT, RANDOM, keyOf } from './rows.js'

/** Requests that are made beforehand. */
const READY_MADE_COUNT = 32_000
const LF = 10

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: { port: text, kind: text, connections: text, pipeline: text, operations: text },
  })
  if (values.kind === undefined || !(values.kind in KINDS)) throw new Error('--kind, please')
  const kind: Kind = KINDS[values.kind as KindName]
  const pipeline = kind.pipeline ?? Number(values.pipeline)
  const batches = Math.ceil(Number(values.operations) / kind.operations / pipeline)
  const key = (): string => keyOf(`key:${RANDOM}`, Math.floor(Math.random() * KEY_COUNT))
  const readyMade = Array.from({ length: Math.ceil(READY_MADE_COUNT / kind.operations / pipeline) }, () =>
    Buffer.concat(Array.from({ length: pipeline }, () => kind.request(key))),
  )
  const sockets = await Promise.all(Array.from({ length: Number(values.connections) }, () => open(Number(values.port))))
  let sent = 0
  const next = (): Buffer | null => (sent === batches ? null : readyMade[sent++ % readyMade.length]!)
  const began = performance.now()
  await Promise.all(sockets.map((socket) => drive(socket, kind, pipeline, next)))
  const ms = performance.now() - began
  for (const socket of sockets) socket.destroy()
  const operations = batches * pipeline * kind.operations
  process.stdout.write(`${JSON.stringify({ operations, rate: (operations * 1000) / ms })}\n`)
}

/** Sends one batch after the other, each when the one before is answered. @throws Error when the server answers anything else. */
function drive(socket: Socket, kind: Kind, pipeline: number, next: () => Buffer | null): Promise<void> {
  const batchSize = kind.replySize * pipeline
  return new Promise<void>((resolve, reject) => {
    let due = 0
    const send = (): void => {
      const batch = next()
      if (batch === null) {
        resolve()
        return
      }
      due = batchSize
      socket.write(batch)
    }
    socket.on('data', (chunk) => {
      // Another reply than the one that is wanted shows here, or by its size.
      if (due === batchSize && chunk[0] !== kind.firstByte) reject(new Error(`the server answered ${chunk.toString()}`))
      due -= kind.countsLines === true ? linesOf(chunk) : chunk.length
      if (due < 0) reject(new Error('the server answered too much'))
      if (due === 0) send()
    })
    socket.on('close', () => {
      reject(new Error('the server hung up'))
    })
    send()
  })
}

function linesOf(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count++
  return count
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

if (process.argv[1]?.endsWith('cousins-client.js') === true) await main()
