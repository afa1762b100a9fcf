/** The flags and the output of redis-benchmark, for clients that take its place. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

export interface ClientFlags {
  readonly port: number
  readonly requests: number
  readonly connections: number
  readonly pipeline: number
  /** Bytes of a value. */
  readonly size: number
}

/** Reads `-p port -n requests -c connections -P pipeline -d size`; `--csv` and `-r` mean nothing here. */
export function clientFlags(): ClientFlags {
  const short = (letter: string) => ({ type: 'string', short: letter, default: '0' }) as const
  const { values } = parseArgs({
    options: {
      port: short('p'),
      requests: short('n'),
      connections: short('c'),
      pipeline: short('P'),
      size: short('d'),
      keys: short('r'),
      csv: { type: 'boolean' },
    },
  })
  const [port, requests, connections, pipeline, size] = [
    values.port,
    values.requests,
    values.connections,
    values.pipeline,
    values.size,
  ].map(Number) as [number, number, number, number, number]
  return { port, requests, connections, pipeline, size }
}

/** Prints what redis-benchmark prints with `--csv`. */
export function printResult(name: string, requests: number, ms: number, latenciesMs: number[]): void {
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number): string => (latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(3)
  process.stdout.write('"test","rps","p50_latency_ms","p99_latency_ms"\n')
  process.stdout.write(`"${name}","${((requests * 1000) / ms).toFixed(2)}","${at(0.5)}","${at(0.99)}"\n`)
}

/** A connection of which what is read goes to `onread`, from one buffer that is used again and again. */
export async function open(port: number, onread: (bytes: Buffer, size: number) => void): Promise<Socket> {
  const buffer = Buffer.alloc(1 << 18)
  const callback = (size: number): boolean => {
    onread(buffer, size)
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
  await once(socket, 'connect')
  return socket
}

export function encode(words: readonly string[]): Buffer {
  return Buffer.from(`*${words.length}\r\n${words.map((it) => `$${it.length}\r\n${it}\r\n`).join('')}`, 'latin1')
}
