import { FlinError, type LoadedRecords, type Place } from '../../../segments/index.js'
import { ColdRead } from '../../models/cold.js'
import type { Keyspace } from '../../models/keyspace.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ReplyError, type Context } from '../command.js'
import { errorText } from '../error-text.js'
import { leaveOut } from '../reply-mode.js'
import type { ServerView } from '../server-view.js'
import type { Session } from '../session.js'
import { Timeouts, type Timed, type Timer } from './timeouts.js'
import type { Wait } from './wait.js'
import { Waiters } from './waiters.js'

/** A connection whose request waits. */
export interface BlockedClient extends Session {
  /**
   * Has the reply to its request written. False: it was not, nor anything else, and the request goes on waiting. Otherwise the
   * reply leaves when what `keyspace.gate` tells is committed, and the client's next requests are run, though not at once.
   */
  answer: (write: (reply: ReplyWriter) => boolean) => boolean
}

/** One who waits. */
class Blocked implements Timed {
  readonly client: BlockedClient
  readonly wait: Wait
  readonly dueMs: number
  heapIndex = -1

  constructor(client: BlockedClient, wait: Wait, dueMs: number) {
    this.client = client
    this.wait = wait
    this.dueMs = dueMs
  }
}

/**
 * Clients whose requests wait for something to come to a key. Whoever runs requests lets {@link serve} run behind each that has
 * made {@link isReady} true, before the next one. As in Redis, keys are served in the order in which they got something, the
 * clients of a key in the order in which they came; each is served once, with the one key; and what one is served may make
 * another key ready. That ends: each turn of it takes a client away.
 */
export class BlockedClients {
  readonly #keyspace: Keyspace
  readonly #server: ServerView
  readonly #timer: Timer
  readonly #onReadFailed: (error: unknown) => void
  readonly #waiters = new Waiters<Blocked>()
  readonly #timeouts: Timeouts<Blocked>
  readonly #byId = new Map<number, Blocked>()
  /** Keys whose first client needs records that are being loaded: nobody is served before it. */
  readonly #loading = new Set<string>()

  /** @param onReadFailed told when records that a client needs cannot be read; the client is told too */
  constructor(keyspace: Keyspace, server: ServerView, timer: Timer, onReadFailed: (error: unknown) => void) {
    this.#keyspace = keyspace
    this.#server = server
    this.#timer = timer
    this.#onReadFailed = onReadFailed
    this.#timeouts = new Timeouts(timer, (blocked) => {
      this.#giveUp(blocked)
    })
    keyspace.onReady = (key, start, end) => {
      this.#waiters.note(key, start, end)
    }
    keyspace.onCleared = () => {
      this.#waiters.noteAll()
    }
  }

  /** Whether some key may have something for those who wait. */
  get isReady(): boolean {
    return this.#waiters.isReady
  }

  /** Number of clients that wait. */
  get count(): number {
    return this.#byId.size
  }

  /** Number of those that do not wait for ever. */
  get timedCount(): number {
    return this.#timeouts.count
  }

  /** Number of keys that somebody waits for. */
  get keyCount(): number {
    return this.#waiters.keyCount
  }

  /** The client's request waits from now on, behind all others that wait for its keys. */
  add(client: BlockedClient, wait: Wait): void {
    const dueMs = wait.timeoutMs === 0 ? Infinity : this.#timer.now() + wait.timeoutMs
    const blocked = new Blocked(client, wait, dueMs)
    this.#byId.set(client.id, blocked)
    this.#waiters.add(blocked, wait.keys.keys())
    if (wait.timeoutMs > 0) this.#timeouts.add(blocked)
  }

  /** The client is gone: nothing is left of its waiting, and nothing is taken for it. */
  forget(client: BlockedClient): void {
    const blocked = this.#byId.get(client.id)
    if (blocked !== undefined) this.#remove(blocked)
  }

  /** Ends the waiting of a client before its time. False: there is none of this id that waits. */
  unblock(id: number, withError: boolean): boolean {
    const blocked = this.#byId.get(id)
    if (blocked === undefined) return false
    if (withError) this.#refuse(blocked, 'UNBLOCKED client unblocked via CLIENT UNBLOCK')
    else this.#giveUp(blocked)
    return true
  }

  /** No client is told any more that its time is up. */
  stop(): void {
    this.#timeouts.stop()
  }

  /** Serves who waits for keys that have got something, and those for whom that brings something, until there is nobody. */
  serve(): void {
    for (let key = this.#waiters.take(); key !== undefined; key = this.#waiters.take()) {
      if (!this.#loading.has(key)) this.#serveKey(key, new Map())
    }
  }

  /** @param loaded what its first client has needed from disk so far */
  #serveKey(key: string, loaded: LoadedRecords): void {
    let isTaken = false
    for (const blocked of this.#waiters.of(key)) {
      const { isConsumer } = blocked.wait
      if (isTaken && isConsumer) continue
      try {
        if (!this.#attempt(blocked, key) && isConsumer) isTaken = true
      } catch (error) {
        if (!(error instanceof ColdRead)) throw error
        this.#load(key, blocked, error.places, loaded)
        return
      }
    }
  }

  /** @throws ColdRead: then the client goes on waiting */
  #attempt(blocked: Blocked, key: string): boolean {
    const { client, wait } = blocked
    const isServed = client.answer((reply) => this.#try(client, wait, key, reply))
    if (isServed) this.#remove(blocked)
    return isServed
  }

  #try(session: Session, wait: Wait, key: string, reply: ReplyWriter): boolean {
    const { command, args, keys } = wait
    const keyspace = this.#keyspace
    const context: Context = { keyspace, server: this.#server, session, reply }
    const mark = reply.length
    keyspace.gate = 0
    keyspace.command = command.code
    keyspace.countsLookups = false
    try {
      if (!wait.attempt(context, args, keys.get(key)!)) return false
    } catch (error) {
      reply.truncate(mark)
      if (!(error instanceof ReplyError || error instanceof FlinError)) throw error
      const { stats } = this.#server
      stats.of(command).failed++
      this.#error(reply, errorText(error))
    }
    leaveOut(session, reply, mark)
    return true
  }

  /** Loads what a client needs, and goes on with the key then. The client keeps its place. */
  #load(key: string, blocked: Blocked, places: readonly Place[], loaded: LoadedRecords): void {
    const keyspace = this.#keyspace
    const { log } = keyspace
    this.#loading.add(key)
    const goOn = (): void => {
      this.#loading.delete(key)
      keyspace.now = log.now()
      log.reader.loaded = loaded
      this.#serveKey(key, loaded)
      log.reader.loaded = null
      this.serve()
    }
    log.load(places, loaded).then(goOn, (error: unknown) => {
      this.#onReadFailed(error)
      if (this.#byId.get(blocked.client.id) === blocked) {
        this.#refuse(blocked, error instanceof FlinError ? errorText(error) : `ERR ${String(error)}`)
      }
      goOn()
    })
  }

  /** Nothing has come: the client gets nil. */
  #giveUp(blocked: Blocked): void {
    this.#end(blocked, (reply) => {
      // That there is nothing may be news that is not committed yet.
      this.#keyspace.gateAll()
      reply.nilArray()
    })
  }

  #refuse(blocked: Blocked, text: string): void {
    this.#end(blocked, (reply) => {
      this.#error(reply, text)
    })
  }

  /** The waiting ends without its command, whatever runs now. */
  #end(blocked: Blocked, write: (reply: ReplyWriter) => void): void {
    const keyspace = this.#keyspace
    const { gate } = keyspace
    const { client } = blocked
    this.#remove(blocked)
    keyspace.gate = 0
    client.answer((reply) => {
      const mark = reply.length
      write(reply)
      leaveOut(client, reply, mark)
      return true
    })
    keyspace.gate = gate
  }

  #error(reply: ReplyWriter, text: string): void {
    this.#server.stats.countError(text)
    reply.error(text)
  }

  #remove(blocked: Blocked): void {
    if (!this.#byId.delete(blocked.client.id)) return
    this.#waiters.remove(blocked, blocked.wait.keys.keys())
    this.#timeouts.remove(blocked)
  }
}
