import { DISK_SEGMENTS_MIN, type FsyncPolicy, type Log } from '../segments/index.js'
import type { Access } from './access.js'
import type { CommandStats } from './commands/command-stats.js'
import type { CompactionKeeper } from './compaction-keeper.js'
import type { Settings } from './config.js'
import { parseRetention, parseRules, retentionText, rulesText } from './message-retention.js'
import type { KeyspaceEvents } from './subscriptions/keyspace-events.js'
import type { PushLimits } from './subscriptions/subscriber.js'
import type { Subscriptions } from './subscriptions/subscriptions.js'
import { historyText, parseHistory } from './history-text.js'
import type { ClientLimits } from './net/host.js'
import type { Listener } from './net/listener.js'
import type { RequestLimits } from './protocol/resp/request-stream.js'
import { outputLimitsText, parseOutputLimits, type OutputLimits } from './redis-setting-kinds.js'
import type { LiveSetting } from './redis-settings.js'

const MS_PER_S = 1000
/** As in Redis a first piece of replies does not count: with a limit below it nobody could be told anything, or set another. */
const UNCOUNTED_SIZE = 16 * 1024

/** What the settings that are honoured act upon. */
export interface LiveParts {
  readonly settings: Settings
  readonly log: Log
  readonly compaction: CompactionKeeper
  readonly access: Access
  readonly listener: Listener
  readonly stats: CommandStats
  readonly requestLimits: RequestLimits
  readonly clientLimits: ClientLimits
  readonly subscriptions: Subscriptions
  readonly keyspaceEvents: KeyspaceEvents
}

/** Redis's settings that the daemon really has. */
export function liveSettings(parts: LiveParts): ReadonlyMap<string, LiveSetting> {
  const {
    settings,
    log,
    compaction,
    access,
    listener,
    stats,
    requestLimits,
    clientLimits,
    subscriptions,
    keyspaceEvents,
  } = parts
  const { messages } = subscriptions
  return new Map<string, LiveSetting>([
    ['appendfsync', { get: () => log.fsync, set: (value) => (log.fsync = value as FsyncPolicy) }],
    ['bind', { get: () => settings.host }],
    ['client-output-buffer-limit', outputLimits(clientLimits, subscriptions.limits)],
    [
      'client-query-buffer-limit',
      number(
        () => requestLimits.querySizeMax,
        (value) => (requestLimits.querySizeMax = value),
      ),
    ],
    [
      'compaction',
      {
        get: () => (compaction.isOn ? 'yes' : 'no'),
        set: (value) => {
          compaction.isOn = value === 'yes'
        },
      },
    ],
    [
      'compaction-rate',
      number(
        () => compaction.rate,
        (value) => (compaction.rate = value),
      ),
    ],
    ['databases', { get: () => '1' }],
    ['dir', { get: () => settings.data }],
    [
      'history',
      { get: () => historyText(log.history), set: (value) => (log.history = parseHistory(value) ?? log.history) },
    ],
    ['max-disk', maxDisk(log, settings.memory > 0)],
    [
      'latency-tracking',
      {
        get: () => (stats.isTrackingLatency ? 'yes' : 'no'),
        set: (value) => (stats.isTrackingLatency = value === 'yes'),
      },
    ],
    [
      'latency-tracking-info-percentiles',
      {
        get: () => stats.percentiles.join(' '),
        set: (value) => (stats.percentiles = value === '' ? [] : value.split(' ').map(Number)),
      },
    ],
    [
      'message-retention',
      {
        get: () => retentionText(messages.rules.ageMs),
        set: (value) => (messages.rules.ageMs = parseRetention(value) ?? 0),
      },
    ],
    [
      'message-retention-rules',
      { get: () => rulesText(messages.rules.rules), set: (value) => (messages.rules.rules = parseRules(value) ?? []) },
    ],
    [
      'message-retention-size',
      number(
        () => messages.sizeMax,
        (value) => (messages.sizeMax = value),
      ),
    ],
    [
      'notify-keyspace-events',
      {
        get: () => keyspaceEvents.classes,
        set: (value) => {
          keyspaceEvents.classes = value
        },
      },
    ],
    [
      'maxclients',
      number(
        () => listener.clientsMax,
        (value) => (listener.clientsMax = value),
      ),
    ],
    ['port', { get: () => String(listener.port) }],
    [
      'proto-max-bulk-len',
      number(
        () => requestLimits.bulkSizeMax,
        (value) => (requestLimits.bulkSizeMax = value),
      ),
    ],
    ['requirepass', { get: () => access.password, set: (value) => (access.password = value) }],
    [
      'timeout',
      number(
        () => clientLimits.idleMsMax / MS_PER_S,
        (value) => (clientLimits.idleMsMax = value * MS_PER_S),
      ),
    ],
  ])
}

/** What settings that do nothing show at first, where the daemon was told so at its start. */
export function initialValues({ memory }: Settings): ReadonlyMap<string, string> {
  return new Map(
    memory === 0
      ? []
      : [
          ['appendonly', 'no'],
          ['maxmemory', String(memory)],
        ],
  )
}

function number(get: () => number, set: (value: number) => void): LiveSetting {
  return {
    get: () => String(get()),
    set: (value) => {
      set(Number(value))
    },
  }
}

function maxDisk(log: Log, isInMemory: boolean): LiveSetting {
  return {
    get: () => String(log.diskSizeMax),
    check: (value) => {
      if (isInMemory && value !== '0') return 'the log is in memory (--memory) and takes nothing of the disk'
      const least = log.segmentSize * DISK_SEGMENTS_MIN
      return value === '0' || Number(value) >= least
        ? null
        : `argument must be 0 or at least ${least}: ${DISK_SEGMENTS_MIN} segments`
    },
    set: (value) => {
      log.diskSizeMax = Number(value)
    },
  }
}

function outputLimits(limits: ClientLimits, pushes: PushLimits): LiveSetting {
  let classes: OutputLimits = {
    normal: { hard: BigInt(limits.outputSizeMax), soft: 0n, softSeconds: 0 },
    slave: { hard: 268435456n, soft: 67108864n, softSeconds: 60 },
    pubsub: {
      hard: BigInt(pushes.hardSize),
      soft: BigInt(pushes.softSize),
      softSeconds: pushes.softMs / MS_PER_S,
    },
  }
  return {
    get: () => outputLimitsText(classes),
    check: (value) => {
      const parsed = parseOutputLimits(value, classes)
      return typeof parsed === 'string' ? parsed : null
    },
    set: (value) => {
      const parsed = parseOutputLimits(value, classes)
      if (typeof parsed === 'string') return
      classes = parsed
      const { hard } = parsed.normal
      const { pubsub } = parsed
      pushes.hardSize = Number(pubsub.hard)
      pushes.softSize = Number(pubsub.soft)
      pushes.softMs = pubsub.softSeconds * MS_PER_S
      limits.outputSizeMax = hard === 0n ? Infinity : Number(hard) + UNCOUNTED_SIZE
    },
  }
}
