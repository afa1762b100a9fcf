import os from 'node:os'
import type { Log } from '../segments/index.js'
import type { Dispatcher } from './commands/dispatcher.js'
import type { InfoSections } from './commands/server-view.js'
import type { Committer } from './commit/committer.js'
import type { Settings } from './config.js'
import type { Keyspace } from './models/keyspace.js'
import type { Listener } from './net/listener.js'

/** The Redis whose commands, replies and errors Flin follows: clients choose features by it. */
export const REDIS_VERSION = '7.0.15'
export const FLIN_VERSION = '0.1.0'

/** What INFO tells, in Redis's sections and field names where Redis has them. */
export class Facts {
  readonly #settings: Settings
  readonly #log: Log
  readonly #keyspace: Keyspace
  readonly #committer: Committer
  readonly #startedMs = Date.now()
  #dispatcher: Dispatcher | null = null
  #listener: Listener | null = null

  constructor(settings: Settings, log: Log, keyspace: Keyspace, committer: Committer) {
    this.#settings = settings
    this.#log = log
    this.#keyspace = keyspace
    this.#committer = committer
  }

  attach(dispatcher: Dispatcher, listener: Listener): void {
    this.#dispatcher = dispatcher
    this.#listener = listener
  }

  info(): InfoSections {
    const log = this.#log
    const keyspace = this.#keyspace
    const uptime = Math.floor((Date.now() - this.#startedMs) / 1000)
    const memory = process.memoryUsage()
    const keys = keyspace.count
    return {
      Server: {
        redis_version: REDIS_VERSION,
        redis_mode: 'standalone',
        flin_version: FLIN_VERSION,
        os: `${os.type()} ${os.release()} ${os.arch()}`,
        arch_bits: 64,
        node_version: process.version,
        process_id: process.pid,
        node_id: this.#settings.nodeId,
        tcp_port: this.#listener?.port ?? this.#settings.port,
        uptime_in_seconds: uptime,
        uptime_in_days: Math.floor(uptime / 86400),
      },
      Clients: {
        connected_clients: this.#listener?.connections.size ?? 0,
        maxclients: this.#settings.clientsMax,
      },
      Memory: {
        used_memory: memory.rss,
        used_memory_rss: memory.rss,
        used_memory_heap: memory.heapUsed,
        used_memory_cache: log.cacheUsedSize,
        used_memory_index: keyspace.indexSize,
        maxmemory: this.#settings.memory,
      },
      Persistence: {
        loading: 0,
        aof_enabled: this.#settings.memory > 0 ? 0 : 1,
        aof_last_write_status: log.poison === null ? 'ok' : 'err',
        fsync: log.fsync,
        log_id: log.id,
        log_epoch: log.epoch,
        log_start_offset: log.startOffset,
        log_end_offset: log.endOffset,
        log_committed_offset: log.committedOffset,
        log_durable_offset: log.durableOffset,
        log_undurable_size: log.undurableSize,
        log_segments: log.segments.length,
        log_size: log.size,
        log_disk_full: log.isDiskFull ? 1 : 0,
        log_damages: log.damages.length,
        commits: this.#committer.commitCount,
      },
      Stats: {
        total_connections_received: this.#listener?.acceptedCount ?? 0,
        total_commands_processed: this.#dispatcher?.commandCount ?? 0,
        rejected_connections: this.#listener?.rejectedCount ?? 0,
      },
      Replication: { role: 'master', connected_slaves: 0 },
      CPU: cpu(),
      Keyspace: keys === 0 ? {} : { db0: `keys=${keys},expires=${keyspace.expiringCount},avg_ttl=0` },
    }
  }
}

function cpu(): Record<string, string> {
  const { user, system } = process.cpuUsage()
  return { used_cpu_sys: (system / 1e6).toFixed(6), used_cpu_user: (user / 1e6).toFixed(6) }
}

/** Settings by the names that Redis gives them, for clients and tools that ask. */
export function redisSettings(settings: Settings, log: Log, port: number): ReadonlyMap<string, string> {
  return new Map([
    ['appendfsync', log.fsync],
    ['appendonly', settings.memory > 0 ? 'no' : 'yes'],
    ['bind', settings.host],
    ['databases', '1'],
    ['dir', settings.data],
    ['maxclients', String(settings.clientsMax)],
    ['maxmemory', String(settings.memory)],
    ['maxmemory-policy', 'noeviction'],
    ['port', String(port)],
    ['proto-max-bulk-len', '536870912'],
    ['save', ''],
    ['timeout', '0'],
  ])
}
