import type net from 'node:net'
import type { Disk, Log, LogOptions } from '../../segments/index.js'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { BlockedClients } from '../../src/commands/blocking/blocked-clients.js'
import { TIMER, type Timer } from '../../src/commands/blocking/timeouts.js'
import { BinaryDispatcher } from '../../src/commands/binary/binary-dispatcher.js'
import type { Command } from '../../src/commands/command.js'
import { Dispatcher } from '../../src/commands/dispatcher.js'
import { Registry } from '../../src/commands/registry.js'
import { Committer } from '../../src/commit/committer.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import type { ClientLimits, Host } from '../../src/net/host.js'
import { Listener } from '../../src/net/listener.js'
import { DEFAULT_REQUEST_LIMITS, type RequestLimits } from '../../src/protocol/resp/request-stream.js'
import { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { BenchView } from './bench-view.js'
import { beforeRemoval } from './daemon.js'
import { openKeyspace } from './memory-log.js'

interface NetBenchOptions {
  /** The password that clients of the binary protocol must bring. */
  readonly password?: string
  readonly requestLimits?: Partial<RequestLimits>
  readonly clientsMax?: number
  readonly outputSizeMax?: number
  readonly stalledMsMax?: number
  readonly log?: Partial<LogOptions>
  /** Where the log is; in memory otherwise. */
  readonly folder?: string | Disk
  /** Commands beside all that there are. */
  readonly commands?: readonly Command[]
  /** What tells when clients have waited long enough. */
  readonly timer?: Timer
}

/** Connections over real sockets to a small log, in this process, with limits of one's own. */
export class NetBench {
  readonly log: Log
  readonly keyspace: Keyspace
  readonly committer: Committer
  readonly listener: Listener
  readonly view: BenchView
  readonly subscriptions: Subscriptions
  readonly blocked: BlockedClients
  readonly clientLimits: ClientLimits
  /** Why clients were dropped. */
  readonly dropped: string[] = []
  /** What has kept records from being read. */
  readonly readFailures: unknown[] = []
  /** Whether the disk is to be taken for behind. */
  isBehind = false
  port = 0

  private constructor(log: Log, keyspace: Keyspace, options: NetBenchOptions) {
    this.log = log
    this.keyspace = keyspace
    this.committer = new Committer(log, (error) => {
      throw error
    })
    this.subscriptions = new Subscriptions(log, keyspace.messages, () => undefined)
    this.committer.onCommit = (offset) => {
      keyspace.removals.committed(offset)
      this.subscriptions.committed(offset)
    }
    this.view = new BenchView(new Registry([...ALL_COMMANDS, ...(options.commands ?? [])]))
    this.view.subscriptions = this.subscriptions
    this.clientLimits = { outputSizeMax: options.outputSizeMax ?? 1 << 30, idleMsMax: 0 }
    const dispatcher = new Dispatcher(keyspace, this.view)
    const requestLimits = { ...DEFAULT_REQUEST_LIMITS, ...options.requestLimits }
    const { password } = options
    const binaryView = {
      flinVersion: '0.1.0',
      isOpen: () => password === undefined,
      isPassword: (given: Buffer) => given.toString() === password,
      valueSizeMax: () => requestLimits.bulkSizeMax,
    }
    const onReadFailed = (error: unknown): void => {
      this.readFailures.push(error)
    }
    this.blocked = new BlockedClients(keyspace, this.view, options.timer ?? TIMER, onReadFailed)
    this.view.blocked = this.blocked
    const host: Host = {
      log,
      keyspace,
      dispatcher,
      binaryDispatcher: new BinaryDispatcher(keyspace, binaryView, this.view.stats),
      blocked: this.blocked,
      committer: this.committer,
      subscriptions: this.subscriptions,
      requestLimits,
      clientLimits: this.clientLimits,
      isOpen: () => this.view.isOpen(),
      stalledMsMax: options.stalledMsMax ?? 60_000,
      isBehind: () => this.isBehind,
      onClosed: () => undefined,
      onDropped: (_, reason) => this.dropped.push(reason),
      onReadFailed,
      onAcceptFailed: () => undefined,
    }
    this.listener = new Listener(host, options.clientsMax ?? 100)
    this.view.sessions = { [Symbol.iterator]: () => this.listener.connections.values() }
  }

  static async start(
    context: { after: (job: () => Promise<void>) => void },
    options: NetBenchOptions = {},
  ): Promise<NetBench> {
    const place = options.folder ?? ''
    const memory = options.folder === undefined ? { memorySizeMax: 1 << 28 } : {}
    const { log, keyspace } = await openKeyspace(place, { segmentSize: 1 << 20, ...memory, ...options.log })
    const bench = new NetBench(log, keyspace, options)
    const address: net.AddressInfo = await bench.listener.listen('127.0.0.1', 0)
    bench.port = address.port
    const close = async (): Promise<void> => {
      await bench.listener.close()
      await bench.committer.drain()
      await log.close()
    }
    if (typeof place !== 'string' || !beforeRemoval(place, close)) context.after(close)
    return bench
  }
}
