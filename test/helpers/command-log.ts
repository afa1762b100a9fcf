import { Log, type Disk, type LogOptions } from '../../segments/index.js'
import type { Select } from '../../segments/compaction/select.js'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { Dispatcher } from '../../src/commands/dispatcher.js'
import { Registry } from '../../src/commands/registry.js'
import type { LoadedRecords } from '../../segments/index.js'
import { stateDigest } from '../../src/models/digest.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { ReplyWriter } from '../../src/protocol/resp/reply-writer.js'
import { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { argsOf } from './args.js'
import { BenchView } from './bench-view.js'
import { BenchSession } from './command-bench.js'
import { untilReady } from './compactions.js'
import { smallLogOptions } from './memory-log.js'
import { parseReplies, type Reply } from './resp-client.js'

/** Runs after which what a request has to load must be in memory. */
const RUNS_MAX = 60

/** Commands on a small log on a disk, whose records may be cold: a request is run again when they are loaded, as a connection does. */
export class CommandLog {
  readonly session = new BenchSession(1)
  /** Runs that ended with places to load, in all. */
  coldRuns = 0
  /** The most records that a request has held at once. */
  loadedMax = 0
  /** What others do while a request waits for records. */
  between: () => Promise<void> = () => Promise.resolve()
  /** Told in the moment in which a request has run, before anything else does, and where the log ended before. */
  onRun: (session: BenchSession, endBefore: number) => void = () => undefined
  readonly #disk: Disk
  readonly #options: LogOptions
  #log!: Log
  #keyspace!: Keyspace
  #dispatcher!: Dispatcher

  private constructor(disk: Disk, options: Partial<LogOptions>) {
    this.#disk = disk
    this.#options = smallLogOptions(options)
  }

  static async open(disk: Disk, options: Partial<LogOptions> = {}): Promise<CommandLog> {
    const made = new CommandLog(disk, options)
    await made.#open(1)
    return made
  }

  get log(): Log {
    return this.#log
  }

  get keyspace(): Keyspace {
    return this.#keyspace
  }

  /** @param times how often each record is handed to the state */
  async #open(times: number): Promise<void> {
    const log = await Log.openOn(this.#disk, this.#options)
    const keyspace = new Keyspace(log, 2)
    keyspace.now = log.now()
    await log.replay(async (record) => {
      const same = { ...record }
      for (let n = 0; n < times; n++) await keyspace.replay(same)
    })
    await keyspace.settle()
    this.#log = log
    this.#keyspace = keyspace
    const view = new BenchView(new Registry(ALL_COMMANDS))
    view.subscriptions = new Subscriptions(log, keyspace.messages, () => undefined)
    this.#dispatcher = new Dispatcher(keyspace, view)
  }

  /** Runs one request to its end and returns its reply. */
  run(...args: readonly string[]): Promise<Reply> {
    return this.runAs(this.session, ...args)
  }

  async runAs(session: BenchSession, ...args: readonly string[]): Promise<Reply> {
    const log = this.#log
    const writer = new ReplyWriter()
    let loaded: LoadedRecords = new Map()
    let loadedFor = 0
    for (let runs = 0; runs < RUNS_MAX; runs++) {
      this.#keyspace.now = log.now()
      log.reader.loaded = loaded
      const before = log.endOffset
      const places = this.#dispatcher.run(session, argsOf(...args), writer)
      log.reader.loaded = null
      if (places === null) {
        this.onRun(session, before)
        return parseReplies(writer.buffer.subarray(0, writer.length))[0]!
      }
      if (log.endOffset !== before) throw new Error(`${args.join(' ')} wrote before it asked for what is cold`)
      this.coldRuns++
      // A walk that has got on does not look back.
      if (session.walk !== null && session.walk.cursor !== loadedFor) {
        loaded = new Map()
        loadedFor = session.walk.cursor
      }
      await log.load(places, loaded)
      this.loadedMax = Math.max(this.loadedMax, loaded.size)
      if (session === this.session) await this.between()
    }
    throw new Error(`${args.join(' ')} does not find what was loaded`)
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  /** Rewrites what is sealed, or what `select` chooses. */
  async compact(select?: Select): Promise<void> {
    const log = this.#log
    const durable = (): Promise<void> => log.flush()
    await log.flush()
    await untilReady(log)
    if (select === undefined) await log.compact(this.#keyspace.liveness, durable)
    else await log.compactNext(this.#keyspace.liveness, durable, false, select)
  }

  async reopen(times = 1): Promise<void> {
    await this.close()
    await this.#open(times)
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  digest(): Promise<string> {
    this.#keyspace.now = this.#log.now()
    return stateDigest(this.#keyspace)
  }
}
