import type { Log, LogOptions, Place } from '../../segments/index.js'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import type { Command } from '../../src/commands/command.js'
import type { Wait } from '../../src/commands/blocking/wait.js'
import type { BufferSizes } from '../../src/commands/client-memory.js'
import { Dispatcher } from '../../src/commands/dispatcher.js'
import { Registry } from '../../src/commands/registry.js'
import type { ReplyMode, Session } from '../../src/commands/session.js'
import type { KeyWalk } from '../../src/commands/keys/key-walk.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { ReplyWriter } from '../../src/protocol/resp/reply-writer.js'
import type { Outlet } from '../../src/subscriptions/outlet.js'
import type { Subscriber } from '../../src/subscriptions/subscriber.js'
import { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { argsOf } from './args.js'
import { BenchView } from './bench-view.js'
import { openKeyspace } from './memory-log.js'
import { parseReplies, type Reply } from './resp-client.js'

/** A connection as commands see it. */
export class BenchSession implements Session {
  readonly id: number
  readonly address: string
  readonly localAddress = '127.0.0.1:7380'
  readonly fd = 7
  createdMs = 1_699_999_990_000
  lastActiveMs = 1_699_999_995_000
  readonly buffers: BufferSizes = {
    ...{ unread: 11, query: 64, queryFree: 53, indexes: 16, replies: 1024, waiting: 12, repliesPeak: 900 },
    ...{ lentCount: 2, lent: 4096 },
  }
  isSending = false
  isPaused = false
  authenticated = true
  replyMode: ReplyMode = 'on'
  isNoEvict = false
  isNoTouch = false
  lastCommand = ''
  name = ''
  libraryName = ''
  libraryVersion = ''
  protocol: 2 | 3 = 2
  queue: Session['queue'] = null
  queueSize = 0
  queueFailed = false
  walk: KeyWalk | null = null
  wait: Wait | null = null
  readonly watcher = { dirty: false }
  readonly watched: Session['watched'] = []
  subscriber: Subscriber | null = null
  /** What it was sent as it came, each as it went over the wire. */
  readonly pushed: string[] = []
  readonly outlet: Outlet = this.#newOutlet()
  /** Which ways of closing it were asked for. */
  readonly closings: ('after reply' | 'at once')[] = []

  constructor(id: number) {
    this.id = id
    this.address = `127.0.0.1:${id}`
  }

  #newOutlet(): Outlet {
    const { pushed } = this
    const isTold = true
    return {
      protocol: 2,
      pendingSize: 0,
      isMidReply: false,
      isSteady: false,
      tail: null,
      sendTail: () => undefined,
      push: (bytes, start, end) => {
        pushed.push(bytes.toString('latin1', start, end))
        return isTold
      },
      pushShared: (bytes) => {
        pushed.push(bytes.toString('latin1'))
        return isTold
      },
      flush: () => undefined,
      cutOff: () => undefined,
      drop: () => undefined,
    }
  }

  block(wait: Wait): void {
    this.wait = wait
  }

  closeAfterReply(): void {
    this.closings.push('after reply')
  }

  destroy(): void {
    this.closings.push('at once')
  }
}

/** Commands on a small log in memory, without sockets. */
export class CommandBench {
  readonly log: Log
  readonly keyspace: Keyspace
  readonly dispatcher: Dispatcher
  readonly registry: Registry
  readonly view: BenchView
  readonly session = new BenchSession(1)
  readonly writer = new ReplyWriter()
  /** What the last request that did not run has to load first. */
  cold: readonly Place[] | null = null

  private constructor(log: Log, keyspace: Keyspace, commands: readonly Command[], queueSizeMax?: number) {
    this.log = log
    this.keyspace = keyspace
    this.registry = new Registry(commands)
    this.view = new BenchView(this.registry)
    this.view.sessions = [this.session]
    this.view.subscriptions = new Subscriptions(log, keyspace.messages, () => undefined)
    this.dispatcher = new Dispatcher(keyspace, this.view, queueSizeMax)
  }

  static async open(
    options: Partial<LogOptions> = {},
    more: readonly Command[] = [],
    limits: { queueSizeMax?: number } = {},
  ): Promise<CommandBench> {
    const { log, keyspace } = await openKeyspace('', { memorySizeMax: 1 << 24, ...options })
    return new CommandBench(log, keyspace, [...ALL_COMMANDS, ...more], limits.queueSizeMax)
  }

  /** Runs one request and returns its reply; undefined when there was none. */
  run(...args: (string | Buffer)[]): Reply | undefined {
    return this.runAs(this.session, ...args)
  }

  runAs(session: Session, ...args: (string | Buffer)[]): Reply | undefined {
    const { writer } = this
    writer.reset(Buffer.alloc(0))
    writer.protocol = session.protocol
    this.keyspace.now = this.log.now()
    this.cold = this.dispatcher.run(session, argsOf(...args), writer)
    const replies = parseReplies(writer.buffer.subarray(0, writer.length))
    if (replies.length > 1) throw new Error('more than one reply')
    return replies[0]
  }
}
