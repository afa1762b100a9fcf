import crypto from 'node:crypto'
import os from 'node:os'
import type { Log } from '../segments/index.js'
import type { CompactionKeeper } from './compaction-keeper.js'
import type { BlockedClients } from './commands/blocking/blocked-clients.js'
import { clientMemory } from './commands/client-memory.js'
import type { CommandStats } from './commands/command-stats.js'
import type { InfoSections } from './commands/server-view.js'
import type { Committer } from './commit/committer.js'
import type { Settings } from './config.js'
import { Meter } from './meter.js'
import type { Keyspace } from './models/keyspace.js'
import type { Listener } from './net/listener.js'
import type { Subscriptions } from './subscriptions/subscriptions.js'
import { FLIN_VERSION, REDIS_VERSION } from './version.js'

const SAMPLE_MS = 100
const KIB = 1024
const MS_PER_S = 1000
const NS_PER_US = 1000
const S_PER_DAY = 86400
/** How many samples lie between two looks at the memory, which cost more. */
const MEMORY_STEP = 10

type Fields = InfoSections[string]

/** What Facts looks at. */
export interface FactSources {
  readonly settings: Settings
  readonly log: Log
  readonly keyspace: Keyspace
  readonly committer: Committer
  readonly stats: CommandStats
  readonly listener: Listener
  readonly blocked: BlockedClients
  readonly compaction: CompactionKeeper
  readonly subscriptions: Subscriptions
}

/** What INFO tells, in Redis's sections and field names where Redis has them. */
export class Facts {
  readonly #sources: FactSources
  readonly #startedMs = Date.now()
  readonly #runId = crypto.randomBytes(20).toString('hex')
  readonly #commands = new Meter(performance.now())
  readonly #input = new Meter(performance.now())
  readonly #output = new Meter(performance.now())
  #timer: NodeJS.Timeout | null = null
  #samples = 0
  #memoryPeak = process.memoryUsage.rss()
  /** Where counts stood when they were reset. */
  #base = { accepted: 0, rejected: 0, input: 0, output: 0, hits: 0, misses: 0, expired: 0 }
  /** Each section by its name in lower case. */
  readonly #sections: Readonly<Record<string, readonly [name: string, tell: () => Fields]>> = {
    server: ['Server', () => this.#server()],
    clients: ['Clients', () => this.#clients()],
    memory: ['Memory', () => this.#memory()],
    persistence: ['Persistence', () => this.#persistence()],
    compaction: ['Compaction', () => this.#sources.compaction.facts()],
    stats: ['Stats', () => this.#stats()],
    replication: ['Replication', () => this.#replication()],
    cpu: ['CPU', cpu],
    modules: ['Modules', () => ({})],
    commandstats: ['Commandstats', () => this.#commandStats()],
    errorstats: ['Errorstats', () => this.#errorStats()],
    latencystats: ['Latencystats', () => this.#latencyStats()],
    cluster: ['Cluster', () => ({ cluster_enabled: 0 })],
    keyspace: ['Keyspace', () => this.#keys()],
  }

  constructor(sources: FactSources) {
    this.#sources = sources
  }

  /** Begins to measure rates. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#sample()
    }, SAMPLE_MS).unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  #sample(): void {
    const { stats, listener } = this.#sources
    const now = performance.now()
    this.#commands.sample(now, stats.total)
    this.#input.sample(now, listener.inputSize)
    this.#output.sample(now, listener.outputSize)
    if (this.#samples++ % MEMORY_STEP === 0) this.#notePeak(process.memoryUsage.rss())
  }

  #notePeak(rss: number): void {
    this.#memoryPeak = Math.max(this.#memoryPeak, rss)
  }

  /** Sections that are wanted, in Redis's order. */
  info(wanted: (section: string) => boolean): InfoSections {
    const found: InfoSections = {}
    for (const [key, [name, tell]] of Object.entries(this.#sections)) if (wanted(key)) found[name] = tell()
    return found
  }

  /** What is counted begins anew. */
  reset(): void {
    const { listener, keyspace, stats } = this.#sources
    stats.reset()
    this.#base = {
      accepted: listener.acceptedCount,
      rejected: listener.rejectedCount,
      input: listener.inputSize,
      output: listener.outputSize,
      hits: keyspace.hitCount,
      misses: keyspace.missCount,
      expired: keyspace.expiredCount,
    }
    this.#memoryPeak = process.memoryUsage.rss()
  }

  #server(): Fields {
    const uptime = Math.floor((Date.now() - this.#startedMs) / MS_PER_S)
    return {
      redis_version: REDIS_VERSION,
      redis_mode: 'standalone',
      flin_version: FLIN_VERSION,
      os: `${os.type()} ${os.release()} ${os.arch()}`,
      arch_bits: 64,
      node_version: process.version,
      process_id: process.pid,
      run_id: this.#runId,
      node_id: this.#sources.settings.nodeId,
      tcp_port: this.#sources.listener.port,
      server_time_usec: Math.round((performance.timeOrigin + performance.now()) * 1000),
      uptime_in_seconds: uptime,
      uptime_in_days: Math.floor(uptime / S_PER_DAY),
      executable: process.execPath,
      config_file: '',
    }
  }

  #clients(): Fields {
    const { listener, blocked } = this.#sources
    let input = 0
    let output = 0
    for (const { buffers } of listener.connections.values()) {
      input = Math.max(input, buffers.unread)
      output = Math.max(output, buffers.waiting + buffers.lent)
    }
    return {
      connected_clients: listener.connections.size,
      cluster_connections: 0,
      maxclients: listener.clientsMax,
      client_recent_max_input_buffer: input,
      client_recent_max_output_buffer: output,
      blocked_clients: blocked.count,
      tracking_clients: 0,
      clients_in_timeout_table: blocked.timedCount,
    }
  }

  #memory(): Fields {
    const { log, keyspace, settings, listener } = this.#sources
    const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
    this.#notePeak(rss)
    let clients = 0
    for (const connection of listener.connections.values()) clients += clientMemory(connection)
    const total = os.totalmem()
    return {
      used_memory: rss,
      used_memory_human: human(rss),
      used_memory_rss: rss,
      used_memory_rss_human: human(rss),
      used_memory_peak: this.#memoryPeak,
      used_memory_peak_human: human(this.#memoryPeak),
      used_memory_peak_perc: `${((rss * 100) / this.#memoryPeak).toFixed(2)}%`,
      used_memory_heap: heapUsed,
      used_memory_heap_total: heapTotal,
      used_memory_external: external,
      used_memory_buffers: arrayBuffers,
      used_memory_cache: log.cacheUsedSize,
      used_memory_index: keyspace.indexSize,
      total_system_memory: total,
      total_system_memory_human: human(total),
      maxmemory: settings.memory,
      maxmemory_human: human(settings.memory),
      maxmemory_policy: 'noeviction',
      mem_fragmentation_ratio: '1.00',
      mem_clients_slaves: 0,
      mem_clients_normal: clients,
      mem_allocator: 'node',
    }
  }

  #persistence(): Fields {
    const { log, settings, committer } = this.#sources
    const inMemory = settings.memory > 0
    return {
      loading: 0,
      async_loading: 0,
      rdb_changes_since_last_save: log.endOffset - log.durableOffset,
      rdb_bgsave_in_progress: 0,
      rdb_last_save_time: Math.floor(committer.lastCommitMs / MS_PER_S),
      rdb_last_bgsave_status: 'ok',
      aof_enabled: inMemory ? 0 : 1,
      aof_rewrite_in_progress: 0,
      aof_rewrite_scheduled: 0,
      aof_last_bgrewrite_status: 'ok',
      aof_last_write_status: log.poison === null && !log.isDiskFull ? 'ok' : 'err',
      aof_current_size: inMemory ? 0 : log.size,
      aof_base_size: 0,
      aof_buffer_length: log.undurableSize,
      aof_pending_bio_fsync: log.durableOffset < log.committedOffset ? 1 : 0,
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
      log_disk_size: log.diskUsedSize,
      log_disk_size_max: log.diskSizeMax,
      log_disk_full: log.isDiskFull ? 1 : 0,
      log_damages: log.damageCount,
      commits: committer.commitCount,
    }
  }

  #stats(): Fields {
    const { listener, keyspace, stats, subscriptions } = this.#sources
    const { topics } = subscriptions
    const base = this.#base
    return {
      total_connections_received: listener.acceptedCount - base.accepted,
      total_commands_processed: stats.total,
      instantaneous_ops_per_sec: Math.round(this.#commands.rate),
      total_net_input_bytes: listener.inputSize - base.input,
      total_net_output_bytes: listener.outputSize - base.output,
      instantaneous_input_kbps: (this.#input.rate / KIB).toFixed(2),
      instantaneous_output_kbps: (this.#output.rate / KIB).toFixed(2),
      rejected_connections: listener.rejectedCount - base.rejected,
      expired_keys: keyspace.expiredCount - base.expired,
      evicted_keys: 0,
      evicted_clients: 0,
      keyspace_hits: keyspace.hitCount - base.hits,
      keyspace_misses: keyspace.missCount - base.misses,
      pubsub_channels: topics.channels.size,
      pubsub_patterns: topics.patterns.size,
      pubsubshard_channels: topics.shards.size,
      pubsub_replay_patterns: topics.replays.size,
      pubsub_fed_clients: subscriptions.fed.size,
      pubsub_messages_size: keyspace.messages.size,
      latest_fork_usec: 0,
      total_forks: 0,
      total_error_replies: stats.errorTotal,
    }
  }

  #replication(): Fields {
    const { log } = this.#sources
    return { role: 'master', connected_slaves: 0, master_replid: log.id, master_repl_offset: log.endOffset }
  }

  #commandStats(): Fields {
    const fields: Fields = {}
    for (const { name, calls, usec, rejected, failed } of this.#sources.stats.all) {
      const each = calls === 0 ? 0 : usec / calls
      fields[`cmdstat_${name}`] =
        `calls=${calls},usec=${Math.round(usec)},usec_per_call=${each.toFixed(2)},` +
        `rejected_calls=${rejected},failed_calls=${failed}`
    }
    return fields
  }

  #latencyStats(): Fields {
    const { stats } = this.#sources
    const fields: Fields = {}
    if (!stats.isTrackingLatency) return fields
    for (const { name, latencies } of stats.all) {
      if (latencies === null) continue
      const shares = stats.percentiles.map((it) => `p${it}=${(latencies.percentile(it) / NS_PER_US).toFixed(3)}`)
      fields[`latency_percentiles_usec_${name}`] = shares.join(',')
    }
    return fields
  }

  #errorStats(): Fields {
    const fields: Fields = {}
    for (const [code, count] of this.#sources.stats.errors) fields[`errorstat_${code}`] = `count=${count}`
    return fields
  }

  #keys(): Fields {
    const { keyspace } = this.#sources
    const { count } = keyspace
    return count === 0 ? {} : { db0: `keys=${count},expires=${keyspace.expiringCount},avg_ttl=0` }
  }
}

/** Bytes as Redis shows them to people. */
export function human(size: number): string {
  if (size < KIB) return `${size}B`
  let value = size
  let unit = -1
  while (value >= KIB && unit < 3) {
    value /= KIB
    unit++
  }
  return `${value.toFixed(2)}${'KMGT'[unit]}`
}

function cpu(): Fields {
  const { user, system } = process.cpuUsage()
  return { used_cpu_sys: (system / 1e6).toFixed(6), used_cpu_user: (user / 1e6).toFixed(6) }
}
