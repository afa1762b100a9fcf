import type { Disk, Log, LogOptions } from '../../segments/index.js'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { Dispatcher } from '../../src/commands/dispatcher.js'
import { Registry } from '../../src/commands/registry.js'
import { ColdRead, runLoaded } from '../../src/models/cold.js'
import { stateDigest } from '../../src/models/digest.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { ReplyWriter } from '../../src/protocol/resp/reply-writer.js'
import { argsOf } from './args.js'
import { BenchView } from './bench-view.js'
import { BenchSession } from './command-bench.js'
import { runAt, untilReady } from './compactions.js'
import { openKeyspace } from './memory-log.js'
import { parseReplies, type Argument, type Reply } from './resp-client.js'

/** Commands on a log on a disk, which may be compacted and opened again; no sockets. Most of what is read is read from the disk. */
export class DurableBench {
  readonly #disk: Disk
  readonly #options: Partial<LogOptions>
  readonly #registry = new Registry(ALL_COMMANDS)
  readonly session = new BenchSession(1)
  log!: Log
  keyspace!: Keyspace
  #dispatcher!: Dispatcher

  private constructor(disk: Disk, options: Partial<LogOptions>) {
    this.#disk = disk
    this.#options = { segmentSize: 4096, cacheSize: 2 * 4096, ...options }
  }

  static async open(disk: Disk, options: Partial<LogOptions> = {}): Promise<DurableBench> {
    const bench = new DurableBench(disk, options)
    await bench.#open()
    return bench
  }

  async #open(): Promise<void> {
    const { log, keyspace } = await openKeyspace(this.#disk, this.#options)
    this.log = log
    this.keyspace = keyspace
    this.#dispatcher = new Dispatcher(keyspace, new BenchView(this.#registry))
  }

  /** Runs one request, as often as records have to be loaded for it, and returns its reply. */
  async run(...args: Argument[]): Promise<Reply> {
    const writer = new ReplyWriter()
    const views = argsOf(...args.map((it) => (Buffer.isBuffer(it) ? it : Buffer.from(String(it), 'latin1'))))
    return runLoaded(this.log, () => {
      writer.reset(Buffer.alloc(0))
      writer.protocol = this.session.protocol
      this.keyspace.now = this.log.now()
      const places = this.#dispatcher.run(this.session, views, writer)
      if (places !== null) throw new ColdRead(places)
      return parseReplies(writer.buffer.subarray(0, writer.length))[0]!
    })
  }

  digest(): Promise<string> {
    return stateDigest(this.keyspace)
  }

  flush(): Promise<void> {
    return this.log.flush()
  }

  /** Rewrites some of the sealed segments. */
  async compact(share: number, length: number): Promise<void> {
    await this.log.flush()
    await untilReady(this.log)
    await this.log.compactNext(this.keyspace.liveness, () => this.log.flush(), false, runAt(share, length))
  }

  /** Rewrites all sealed segments. */
  async compactAll(): Promise<void> {
    await this.log.flush()
    await untilReady(this.log)
    await this.log.compact(this.keyspace.liveness, () => this.log.flush())
  }

  /** What a restart makes of the log. */
  async reopen(): Promise<void> {
    await this.log.close()
    await this.#open()
  }

  /** Begins another segment, so that what has been written lies in sealed ones. */
  async roll(): Promise<void> {
    await this.run('SET', 'roll', Buffer.alloc(this.#options.segmentSize!))
    await this.run('DEL', 'roll')
    await this.flush()
  }

  close(): Promise<void> {
    return this.log.close()
  }
}
