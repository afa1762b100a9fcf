/**
 * A load client that speaks both of Flin's protocols in the same way, so that they can be compared: connections that keep a
 * pipeline full, requests made beforehand, replies counted by their bytes. It prints one line of JSON.
 * Run by `npm run bench:binary`, on a core of its own.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { ask } from '../../test/helpers/binary-frames.js'
import { frame } from '../../test/helpers/resp-client.js'
import { KEY_COUNT, RANDOM, VALUE_SIZE, keyOf } from './rows.js'

const READY_MADE_COUNT = 2000

export const PROTOCOLS = ['resp', 'binary'] as const
export const OPERATIONS = ['SET', 'GET'] as const
export type Protocol = (typeof PROTOCOLS)[number]
export type Operation = (typeof OPERATIONS)[number]

const VALUE = 'x'.repeat(VALUE_SIZE)

/** One request for this key, and the bytes of the reply that it must get. */
function requestOf(protocol: Protocol, operation: Operation, key: string): Buffer {
  if (protocol === 'resp') return frame(operation === 'SET' ? ['SET', key, VALUE] : ['GET', key])
  return operation === 'SET' ? ask.set(key, VALUE) : ask.get(key)
}

function replySize(protocol: Protocol, operation: Operation): number {
  if (operation === 'SET') return 5
  return protocol === 'resp' ? `$${VALUE_SIZE}\r\n${VALUE}\r\n`.length : 5 + VALUE_SIZE
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: { port: text, protocol: text, operation: text, connections: text, pipeline: text, requests: text },
  })
  const protocol = PROTOCOLS.find((it) => it === values.protocol)
  const operation = OPERATIONS.find((it) => it === values.operation)
  if (protocol === undefined || operation === undefined) throw new Error('--protocol and --operation, please')
  const pipeline = Number(values.pipeline)
  const batches = Math.ceil(Number(values.requests) / pipeline)
  const readyMade = Array.from({ length: READY_MADE_COUNT }, () =>
    Buffer.concat(
      Array.from({ length: pipeline }, () =>
        requestOf(protocol, operation, keyOf(`key:${RANDOM}`, Math.floor(Math.random() * KEY_COUNT))),
      ),
    ),
  )
  const sockets = await Promise.all(Array.from({ length: Number(values.connections) }, () => open(Number(values.port))))
  const batchSize = replySize(protocol, operation) * pipeline
  const firstByte = protocol === 'binary' ? 0 : operation === 'SET' ? 43 : 36
  let sent = 0
  const began = performance.now()
  await Promise.all(
    sockets.map((socket) => {
      let due = 0
      const ended = new Promise<void>((resolve, reject) => {
        const next = (): void => {
          if (sent === batches) {
            resolve()
            return
          }
          due = batchSize
          socket.write(readyMade[sent++ % READY_MADE_COUNT]!)
        }
        socket.on('data', (chunk) => {
          // Every reply is of the same size, so that another one shows, here or by its end.
          if (due === batchSize && chunk[0] !== firstByte) reject(new Error(`the server answered ${chunk.toString()}`))
          due -= chunk.length
          if (due < 0) reject(new Error('the server answered too much'))
          if (due === 0) next()
        })
        socket.on('close', () => {
          reject(new Error('the server hung up'))
        })
        next()
      })
      return ended
    }),
  )
  const ms = performance.now() - began
  for (const socket of sockets) socket.destroy()
  process.stdout.write(`${JSON.stringify({ requests: batches * pipeline, rps: (batches * pipeline * 1000) / ms })}\n`)
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

if (process.argv[1]?.endsWith('binary-client.js') === true) await main()
