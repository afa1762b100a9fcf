import crypto from 'node:crypto'
import type net from 'node:net'
import path from 'node:path'
import type { Logger } from 'pino'
import { FlinError, Log, SEGMENT_SIZE_MIN, type LogEvent, type LogOptions } from '../segments/index.js'
import { Access } from './access.js'
import { ALL_COMMANDS } from './commands/all.js'
import { CompactionKeeper } from './compaction-keeper.js'
import { BlockedClients } from './commands/blocking/blocked-clients.js'
import { TIMER } from './commands/blocking/timeouts.js'
import { BinaryDispatcher } from './commands/binary/binary-dispatcher.js'
import { CommandStats } from './commands/command-stats.js'
import { Dispatcher } from './commands/dispatcher.js'
import { Registry } from './commands/registry.js'
import type { ServerView } from './commands/server-view.js'
import { Committer } from './commit/committer.js'
import type { Settings } from './config.js'
import { Facts } from './facts.js'
import { parseHistory } from './history-text.js'
import { Idleness } from './idleness.js'
import { initialValues, liveSettings } from './live-settings.js'
import { parseRetention, parseRules } from './message-retention.js'
import type { Messages } from './models/messages/messages.js'
import { Keyspace } from './models/keyspace.js'
import { replayState } from './models/replay-state.js'
import { SalvagedKeyspace } from './models/salvaged-keyspace.js'
import type { Host } from './net/host.js'
import { Listener } from './net/listener.js'
import { DEFAULT_REQUEST_LIMITS } from './protocol/resp/request-stream.js'
import { RedisSettings } from './redis-settings.js'
import { KeyspaceEvents } from './subscriptions/keyspace-events.js'
import { Subscriptions } from './subscriptions/subscriptions.js'
import { Upkeep } from './upkeep.js'
import { FLIN_VERSION, REDIS_VERSION } from './version.js'

/** Bytes that may wait for the disk before sockets are paused. */
const UNDURABLE_SIZE_MAX = 64 * 1024 * 1024
const STALLED_MS_MAX = 60_000
/** Of the bound of a log, messages may take so much. */
const MESSAGES_SHARE = 0.25

/** How the log is opened: by itself in its folder, or, in tests, on a disk that holds writes back or fails them. */
export type OpenLog = (folder: string, options: LogOptions) => Promise<Log>

/** The daemon: the one place that constructs its parts and ties them together. */
export class Server {
  readonly #log: Log
  readonly #logger: Logger
  readonly #listener: Listener
  readonly #committer: Committer
  readonly #upkeep: Upkeep
  readonly #compaction: CompactionKeeper
  readonly #facts: Facts
  #stopping: Promise<void> | null = null
  /** Where it listens. */
  readonly address: net.AddressInfo

  private constructor(parts: {
    log: Log
    logger: Logger
    listener: Listener
    committer: Committer
    upkeep: Upkeep
    compaction: CompactionKeeper
    facts: Facts
    address: net.AddressInfo
  }) {
    this.#log = parts.log
    this.#logger = parts.logger
    this.#listener = parts.listener
    this.#committer = parts.committer
    this.#upkeep = parts.upkeep
    this.#compaction = parts.compaction
    this.#facts = parts.facts
    this.address = parts.address
  }

  /**
   * Opens the log, rebuilds the state from it and listens.
   * @param onEnd Called once when the daemon must end: by a client's SHUTDOWN (null) or by a failure.
   * @throws FlinError with the codes of {@link EXIT_CODES}.
   */
  static async start(
    settings: Settings,
    logger: Logger,
    onEnd: (error: FlinError | null) => void,
    openLog: OpenLog = (folder, options) => Log.open(folder, options),
  ): Promise<Server> {
    const began = performance.now()
    const { log, keyspace } = await openState(settings, logger, openLog)
    const committer = new Committer(log, onEnd)
    const commandNames = new Map(ALL_COMMANDS.map(({ code, name }) => [code, name]))
    const onReadFailed = readFailures(settings, logger, onEnd)
    keepMessages(settings, keyspace.messages)
    const subscriptions = new Subscriptions(log, keyspace.messages, onReadFailed)
    const keyspaceEvents = new KeyspaceEvents(keyspace, subscriptions, commandNames, onReadFailed)
    committer.onCommit = (offset) => {
      keyspace.removals.committed(offset)
      subscriptions.committed(offset)
      keyspaceEvents.committed()
    }
    const compaction = new CompactionKeeper({
      ...{ log, committer, logger, liveness: keyspace.liveness },
      rate: settings.compactionRate,
      isOn: settings.compaction,
      idleness: new Idleness(),
      memorySizeMax: settings.memory,
      onSealed: () => {
        upkeep.retain()
      },
      onFailure: onEnd,
    })
    const registry = new Registry(ALL_COMMANDS)
    const requestLimits = {
      ...DEFAULT_REQUEST_LIMITS,
      bulkSizeMax: settings.valueSizeMax,
      querySizeMax: settings.querySizeMax,
    }
    const clientLimits = { outputSizeMax: settings.outputSizeMax, idleMsMax: 0 }
    const access = new Access(settings.requirepass)
    const stats = new CommandStats()
    const view: ServerView = {
      registry,
      redisVersion: REDIS_VERSION,
      stats,
      compaction,
      subscriptions,
      info: (wanted) => facts.info(wanted),
      resetStats: () => {
        facts.reset()
      },
      // Made below, as it acts upon the listener.
      settings: {
        entries: () => redisSettings.entries(),
        set: (pairs) => {
          redisSettings.set(pairs)
        },
      },
      clients: () => listener.connections.values(),
      unblock: (clientId, withError) => blocked.unblock(clientId, withError),
      isOpen: () => access.isOpen,
      isPassword: (given) => access.isPassword(given),
      lastCommitMs: () => committer.lastCommitMs,
      valueSizeMax: () => requestLimits.bulkSizeMax,
      random: Math.random,
      shutdown: () => {
        onEnd(null)
      },
    }
    const dispatcher = new Dispatcher(keyspace, view)
    const binaryView = {
      flinVersion: FLIN_VERSION,
      isOpen: view.isOpen,
      isPassword: view.isPassword,
      valueSizeMax: view.valueSizeMax,
    }
    const binaryDispatcher = new BinaryDispatcher(keyspace, binaryView, stats)
    const blocked = new BlockedClients(keyspace, view, TIMER, onReadFailed)
    const host: Host = {
      log,
      keyspace,
      dispatcher,
      binaryDispatcher,
      blocked,
      committer,
      subscriptions,
      requestLimits,
      clientLimits,
      isOpen: () => access.isOpen,
      stalledMsMax: STALLED_MS_MAX,
      isBehind: () => log.isBehind,
      onClosed: () => undefined,
      onDropped: (connection, reason) => {
        logger.warn({ client: connection.address, reason }, 'client dropped')
      },
      onReadFailed,
      onAcceptFailed: (error) => {
        logger.error({ err: error }, 'a client could not be accepted')
      },
    }
    const listener = new Listener(host, settings.clientsMax)
    const facts = new Facts({ settings, log, keyspace, committer, stats, listener, blocked, compaction, subscriptions })
    const redisSettings = new RedisSettings(
      liveSettings({
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
      }),
      initialValues(settings),
    )
    let address: net.AddressInfo
    try {
      address = await listener.listen(settings.host, settings.port)
    } catch (error) {
      await log.close()
      throw error
    }
    const upkeep = new Upkeep(log, keyspace, committer, Math.random, () => {
      if (blocked.isReady) blocked.serve()
      subscriptions.retained()
    })
    upkeep.start()
    // What is served damaged takes no writes, and stays as it is.
    if (!settings.serveDamaged) compaction.start()
    facts.start()
    // Told to serve what is damaged, it names what that is, and goes on.
    const goOn = (error: FlinError): void => {
      logger.error({ code: error.code, cause: error.cause }, error.message)
    }
    const unverified = log.startCheck(settings.serveDamaged ? goOn : onEnd)
    const told = {
      ...{ host: address.address, port: address.port, ...logFacts(settings) },
      ...{ keys: keyspace.count, offset: log.endOffset, unverified },
      tookMs: Math.round(performance.now() - began),
    }
    logger.info(told, 'ready')
    return new Server({ log, logger, listener, committer, upkeep, compaction, facts, address })
  }

  /** Finishes what is in flight, closes connections and log. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#log.beginClose()
    this.#facts.stop()
    this.#compaction.stop()
    await this.#upkeep.stop()
    // Clients that never pause would keep the committer busy for ever: first they are heard no more.
    this.#listener.stop()
    await this.#committer.drain()
    await this.#listener.close()
    await this.#committer.drain()
    await this.#log.close()
    this.#logger.info('stopped')
  }
}

/** How long messages stay; of a log that is bounded they take a share at most, for nobody can delete them. */
function keepMessages(settings: Settings, messages: Messages): void {
  const { memory, maxDisk } = settings
  messages.rules.ageMs = parseRetention(settings.messageRetention) ?? 0
  messages.rules.rules = parseRules(settings.messageRetentionRules) ?? []
  const bound = memory > 0 ? memory : maxDisk > 0 ? maxDisk : Infinity
  messages.sizeMax = Math.floor(Math.min(settings.messageRetentionSize, bound * MESSAGES_SHARE))
}

/** What happens when records that are wanted cannot be read. */
function readFailures(
  { serveDamaged }: Settings,
  logger: Logger,
  onEnd: (error: FlinError) => void,
): (error: unknown) => void {
  return (error) => {
    const isKnown = serveDamaged && error instanceof FlinError && error.code === 'LOG_CORRUPT'
    // What is damaged was told when the log was opened: clients may ask for it as often as they like.
    if (isKnown) logger.debug({ err: error }, 'records could not be read from disk')
    else logger.error({ err: error }, 'records could not be read from disk')
    if (serveDamaged || !(error instanceof FlinError) || error.code !== 'LOG_CORRUPT') return
    // A damaged log is not served unless that was asked for. Whoever met it is told first.
    setImmediate(() => {
      onEnd(error)
    })
  }
}

/**
 * Opens the log and rebuilds the state from it.
 * @throws FlinError; DISK_FAILED for what the operating system says no to.
 */
async function openState(
  settings: Settings,
  logger: Logger,
  openLog: OpenLog,
): Promise<{ log: Log; keyspace: Keyspace }> {
  let log: Log | null = null
  try {
    log = await openLog(settings.data, logOptions(settings, logger))
    const keyspace = settings.serveDamaged ? new SalvagedKeyspace(log) : new Keyspace(log)
    return { log, keyspace: await replayState(log, keyspace) }
  } catch (error) {
    await log?.close()
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    const text = `the data folder ${settings.data} cannot be used: ${error.message}. See to the folder, its owner and its disk`
    throw new FlinError('DISK_FAILED', text, { cause: error })
  }
}

/** Segments are small enough beside a bound, of the memory or of the disk, that it is one. */
function segmentSizeIn({ memory, maxDisk, segmentSize }: Settings): number {
  const largest = memory > 0 ? memory / 8 : maxDisk > 0 ? maxDisk / 16 : Infinity
  return Math.max(SEGMENT_SIZE_MIN, Math.min(segmentSize, Math.floor(largest / 4096) * 4096))
}

function logOptions(settings: Settings, logger: Logger): LogOptions {
  return {
    fsync: settings.fsync,
    segmentSize: segmentSizeIn(settings),
    cacheSize: settings.cacheSize,
    undurableSizeMax: UNDURABLE_SIZE_MAX,
    reserveSize: settings.reserveSize,
    diskSizeMax: settings.memory > 0 ? 0 : settings.maxDisk,
    history: parseHistory(settings.history) ?? 'none',
    memorySizeMax: settings.memory,
    serveDamaged: settings.serveDamaged,
    readOnly: false,
    now: Date.now,
    randomBytes: crypto.randomBytes,
    onEvent: (event) => {
      report(event, logger)
    },
  }
}

/** Where the log is and what an acknowledgement means, for who reads the daemon's log. */
function logFacts({ memory, data, fsync, serveDamaged }: Settings) {
  const isReadOnly = serveDamaged ? { isReadOnly: true } : {}
  return memory > 0 ? { memory } : { data: path.resolve(data), fsync, ...isReadOnly }
}

function report(event: LogEvent, logger: Logger): void {
  const { type, ...facts } = event
  if (type === 'damage') logger.error(facts, 'the log is damaged')
  else if (type === 'torn-tail') {
    logger.warn(facts, 'the end of the log was torn; what was not whole is set aside: it was never acknowledged')
  } else if (event.type === 'orphan' && event.action === 'quarantined') {
    logger.warn(facts, 'a file that the log does not name, and that is not empty, is set aside')
  } else if (type === 'disk-full') logger.error(facts, 'the disk is full: writes will be refused')
  else if (type === 'bound-reached') logger.error(facts, 'the log has all of its space: writes will be refused')
  else if (event.type === 'checked' && event.damagedCount === 0) logger.info(facts, 'all sealed segments are verified')
  else if (type === 'disk-has-space') logger.info(facts, 'there is space again: writes are accepted')
  else logger.debug(facts, type)
}
