import { EventEmitter } from 'node:events'
import type net from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { BlockedClients } from '../../src/commands/blocking/blocked-clients.js'
import { TIMER } from '../../src/commands/blocking/timeouts.js'
import { BinaryDispatcher } from '../../src/commands/binary/binary-dispatcher.js'
import { CommandStats } from '../../src/commands/command-stats.js'
import { Dispatcher } from '../../src/commands/dispatcher.js'
import { Registry } from '../../src/commands/registry.js'
import type { ServerView } from '../../src/commands/server-view.js'
import { Committer } from '../../src/commit/committer.js'
import { Connection } from '../../src/net/connection.js'
import type { Host } from '../../src/net/host.js'
import { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { DEFAULT_REQUEST_LIMITS } from '../../src/protocol/resp/request-stream.js'
import { ask } from '../../test/helpers/binary-frames.js'
import { openKeyspace } from '../../test/helpers/memory-log.js'

/*
 * What a request costs between the socket and the log: pipelines of 16 are handed to connections whose socket swallows what
 * is written, over a log in memory. Run: node dist/bench/micro/connection.js [seconds per row] [rows, as RESP]
 */

const CONNECTIONS = 50
const PIPELINE = 16
const KEYS = 100_000
const seconds = Number(process.argv[2] ?? 2)
const wanted = process.argv[3] ?? ''

class SwallowingSocket extends EventEmitter {
  readonly writableLength = 0
  readonly destroyed = false
  received = 0
  write(bytes: Buffer): boolean {
    this.received += bytes.length
    return true
  }
  setNoDelay(): this {
    return this
  }
}

const { log, keyspace } = await openKeyspace('', {
  memorySizeMax: 2 ** 32,
  cacheSize: 2 ** 32,
  segmentSize: 64 << 20,
  undurableSizeMax: 64 << 20,
})
const committer = new Committer(log, (error) => {
  throw error
})
const stats = new CommandStats()
const subscriptions = new Subscriptions(log, keyspace.messages, () => undefined)
const view: ServerView = {
  registry: new Registry(ALL_COMMANDS),
  redisVersion: '7.0.15',
  stats,
  subscriptions,
  info: () => ({}),
  resetStats: () => undefined,
  compaction: { now: () => 'started', facts: () => ({}) },
  settings: { entries: () => [], set: () => undefined },
  clients: () => [],
  unblock: () => false,
  isOpen: () => true,
  isPassword: () => true,
  lastCommitMs: () => 0,
  valueSizeMax: () => 512 * 1024 * 1024,
  random: Math.random,
  shutdown: () => undefined,
}
const dispatcher = new Dispatcher(keyspace, view)
const binaryView = { flinVersion: '', isOpen: () => true, isPassword: () => true, valueSizeMax: view.valueSizeMax }
const host: Host = {
  log,
  keyspace,
  dispatcher,
  binaryDispatcher: new BinaryDispatcher(keyspace, binaryView, stats),
  blocked: new BlockedClients(keyspace, view, TIMER, () => undefined),
  committer,
  subscriptions,
  requestLimits: { ...DEFAULT_REQUEST_LIMITS },
  clientLimits: { outputSizeMax: 1 << 30, idleMsMax: 0 },
  isOpen: () => true,
  stalledMsMax: 60_000,
  isBehind: () => log.isBehind,
  onClosed: () => undefined,
  onDropped: () => undefined,
  onReadFailed: () => undefined,
  onAcceptFailed: () => undefined,
}

function request(...args: string[]): Buffer {
  return Buffer.from(`*${args.length}\r\n${args.map((it) => `$${it.length}\r\n${it}\r\n`).join('')}`)
}

function pipelines(make: (key: string) => Buffer): Buffer[] {
  return Array.from({ length: 2000 }, () =>
    Buffer.concat(
      Array.from({ length: PIPELINE }, () => make(`key:${String(Math.floor(Math.random() * KEYS)).padStart(12, '0')}`)),
    ),
  )
}

/** Nanoseconds a request in the best of the rounds: others may run on the machine. */
async function measure(all: Buffer[]): Promise<number> {
  const connections = Array.from(
    { length: CONNECTIONS },
    (_, i) => new Connection(i, new SwallowingSocket() as unknown as net.Socket, '127.0.0.1:1', host),
  )
  const rounds: number[] = []
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    const began = process.hrtime.bigint()
    for (let i = 0; i < all.length; i += CONNECTIONS) {
      for (let j = 0; j < CONNECTIONS; j++) connections[j]!.read(all[i + j]!, all[i + j]!.length)
      await nextTurn()
    }
    await committer.drain()
    rounds.push(Number(process.hrtime.bigint() - began) / (all.length * PIPELINE))
    if (log.size > 2 ** 31) break
  }
  return Math.min(...rounds)
}

const value = 'v'.repeat(64)
const rows: [string, Buffer[]][] = [
  ['RESP SET', pipelines((key) => request('SET', key, value))],
  ['binary SET', pipelines((key) => ask.set(key, value))],
  ['RESP GET', pipelines((key) => request('GET', key))],
  ['binary GET', pipelines((key) => ask.get(key))],
]
for (let round = 0; round < 3; round++) {
  for (const [name, all] of rows.filter(([it]) => it.includes(wanted))) {
    process.stdout.write(`${name.padEnd(12)} ${(await measure(all)).toFixed(0).padStart(6)} ns a request\n`)
  }
}
