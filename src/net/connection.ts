import type net from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FlinError, type LoadedRecords, type Place } from '../../segments/index.js'
import type { BlockedClient } from '../commands/blocking/blocked-clients.js'
import type { Wait } from '../commands/blocking/wait.js'
import type { BufferSizes } from '../commands/client-memory.js'
import { errorText } from '../commands/error-text.js'
import { unwatchAll } from '../commands/transactions/watch.js'
import type { KeyWalk } from '../commands/keys/key-walk.js'
import type { QueuedCommand, ReplyMode, Session } from '../commands/session.js'
import type { CommitWaiter } from '../commit/committer.js'
import type { Watched } from '../models/watches.js'
import { isBinary } from '../protocol/binary/opcodes.js'
import type { ReplyBuffer } from '../protocol/reply-buffer.js'
import type { ReplyWriter } from '../protocol/resp/reply-writer.js'
import type { Outlet } from '../subscriptions/outlet.js'
import type { Subscriber } from '../subscriptions/subscriber.js'
import { BinaryDialect } from './binary-dialect.js'
import { bufferSizes } from './buffer-sizes.js'
import type { Dialect } from './dialect.js'
import type { Host } from './host.js'
import { ConnectionOutlet } from './outlet.js'
import { Output } from './output.js'
import { RespDialect } from './resp-dialect.js'
import { SocketWriter } from './socket-writer.js'

/** Above this many unsent bytes no further request of the connection is run. */
const OUTPUT_PAUSE_SIZE = 1 << 20
/**
 * So many bytes are read behind a request that waits for a key. As long as there are no more, it is seen when the client leaves,
 * and nothing is taken for it.
 */
const BLOCKED_INPUT_SIZE_MAX = 64 * 1024
/** So many bytes of replies may be written until it is looked again whether there is room for more. */
const ROOM_STEP_SIZE = 1024
/** So long may a client take to close its side once all has been sent. */
const LINGER_MS = 1000
const OVERFLOWN = 'its replies exceed the output limit'

/**
 * One client: bytes in, requests run in order, replies out in order. Stops reading while its replies are not taken, while the
 * disk is behind, and while a request waits for records from disk; runs nothing while one waits for a key.
 */
export class Connection implements Session, BlockedClient, CommitWaiter {
  readonly id: number
  readonly address: string
  readonly localAddress: string
  readonly fd: number
  readonly createdMs: number
  lastActiveMs: number
  lastCommand = ''
  replyMode: ReplyMode = 'on'
  isNoEvict = false
  isNoTouch = false
  /** Bytes that have come from the client. */
  inputSize = 0
  name = ''
  libraryName = ''
  libraryVersion = ''
  queue: QueuedCommand[] | null = null
  queueSize = 0
  queueFailed = false
  walk: KeyWalk | null = null
  wait: Wait | null = null
  readonly watcher = { dirty: false }
  readonly watched: Watched[] = []
  subscriber: Subscriber | null = null

  readonly #host: Host
  readonly #socket: net.Socket
  readonly #resp: RespDialect
  /** What the client speaks: its first byte tells. */
  #dialect: Dialect
  #hasSpoken = false
  readonly #sender: SocketWriter
  readonly #output: Output<ReplyBuffer>
  #isWaitingForCommit = false
  /** A request waits for records, or for a key: nothing is run. */
  #isParked = false
  /** What the request that waits for records has loaded. */
  #loaded: LoadedRecords | null = null
  /** Where the walk stood for which it was loaded. */
  #loadedFor = 0
  #isPaused = false
  #isClosing = false
  #isEnding = false
  #isClosed = false
  #lingerTimer: NodeJS.Timeout | null = null

  constructor(id: number, socket: net.Socket, address: string, host: Host) {
    this.id = id
    this.#socket = socket
    this.address = address
    this.localAddress = `${socket.localAddress ?? '?'}:${socket.localPort ?? 0}`
    this.fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1
    this.createdMs = host.log.now()
    this.lastActiveMs = this.createdMs
    this.#host = host
    this.#resp = new RespDialect(this, host.dispatcher, host.requestLimits)
    this.#dialect = this.#resp
    this.#sender = new SocketWriter(socket)
    this.#output = new Output<ReplyBuffer>(this.#sender, this.#resp.writer)
    this.#output.writer.sizeMax = host.clientLimits.outputSizeMax
    this.authenticated = host.isOpen()
    socket.setNoDelay(true)
    socket.on('drain', () => {
      this.#continue()
      this.subscriber?.flush()
    })
    socket.on('error', () => undefined) // 'close' follows
    socket.on('end', () => {
      this.finish()
    })
    socket.on('timeout', () => {
      this.#stalled()
    })
    socket.on('close', () => {
      this.#dispose()
    })
  }

  get protocol(): 2 | 3 {
    return this.#resp.writer.protocol
  }

  set protocol(protocol: 2 | 3) {
    this.#resp.writer.protocol = protocol
  }

  get authenticated(): boolean {
    return this.#resp.requests.authenticated
  }

  set authenticated(is: boolean) {
    this.#resp.requests.authenticated = is
  }

  get outlet(): Outlet {
    return new ConnectionOutlet({
      ...{ session: this, log: this.#host.log, output: this.#output, writer: this.#resp.writer },
      isSteady: () => !this.#isClosing && !this.#isPaused && !this.#isParked,
      waitForCommit: () => {
        this.#waitForCommit()
      },
      flush: () => {
        this.#flush()
      },
      finish: (reason) => {
        this.#host.onDropped(this, reason)
        this.finish()
      },
      drop: (reason) => {
        this.#drop(reason)
      },
    })
  }

  get buffers(): BufferSizes {
    return bufferSizes(this.#dialect, this.#output)
  }

  get isSending(): boolean {
    return this.#sender.pendingSize > 0
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Bytes of replies that have gone to the client. */
  get outputTotalSize(): number {
    return this.#output.totalSize
  }

  /** Whether nothing of it is under way: it is the client's turn. */
  get isIdle(): boolean {
    return !this.#isParked && !this.#isPaused && !this.#isClosing && this.#output.pendingSize === 0
  }

  closeAfterReply(): void {
    this.#isClosing = true
  }

  /** Runs no further request, and ends the connection when the replies of those that have run are sent. */
  finish(): void {
    this.#isClosing = true
    this.#output.settle()
    this.#unblock()
    this.#flush()
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#isClosing = true
    this.#unblock()
    this.walk = null
    this.#socket.destroy()
  }

  /** Takes bytes that were just read; they are used or copied before this returns. False: read no further for now. */
  read(bytes: Buffer, size: number): boolean {
    if (this.#isClosing) return true
    if (!this.#hasSpoken) this.#listen(bytes[0]!)
    const { requests } = this.#dialect
    requests.feed(bytes, 0, size)
    this.inputSize += size
    this.#run()
    this.lastActiveMs = this.#host.keyspace.now
    requests.retain()
    return !this.#isPaused && (this.wait === null || requests.unreadSize <= BLOCKED_INPUT_SIZE_MAX)
  }

  block(wait: Wait): void {
    // The end may have come while its records were loaded: nobody is to be waited for, nor to be given anything.
    if (this.#isClosing) return
    this.wait = wait
    this.#isParked = true
    this.#host.blocked.add(this, wait)
    // Whatever it was that reading has stopped for is over, and the end of the connection has to be seen.
    this.#socket.resume()
  }

  answer(write: (reply: ReplyWriter) => boolean): boolean {
    const output = this.#output
    const { writer } = this.#resp
    output.open()
    const start = writer.length
    let isWritten = false
    try {
      isWritten = write(writer)
    } finally {
      // Gives the memory for the reply back.
      if (!isWritten) output.flush(this.#host.log.committedOffset)
    }
    if (!isWritten) return false
    this.wait = null
    this.#isParked = false
    this.#hold(start)
    this.#flush()
    // They have their turn behind the one that is under way; where there are none, reading has not stopped.
    if (this.#dialect.requests.unreadSize > 0) setImmediate(this.#runNext)
    return true
  }

  readonly #runNext = (): void => {
    this.#continue()
  }

  /** The connection ends: nobody waits for a key any more. */
  #unblock(): void {
    if (this.wait === null) return
    this.wait = null
    this.#isParked = false
    this.#host.blocked.forget(this)
  }

  /** Chooses the dialect. */
  #listen(firstByte: number): void {
    this.#hasSpoken = true
    if (!isBinary(firstByte)) return
    const { binaryDispatcher, requestLimits, clientLimits } = this.#host
    this.#dialect = new BinaryDialect(binaryDispatcher, requestLimits)
    this.#dialect.writer.sizeMax = clientLimits.outputSizeMax
    this.#output.writer = this.#dialect.writer
  }

  #run(): void {
    try {
      this.#runRequests()
    } catch (error) {
      if (!(error instanceof FlinError) || error.code !== 'PROTOCOL') throw error
      this.#output.open()
      this.#dialect.refuse(errorText(error))
      this.#isClosing = true
    }
    this.#flush()
  }

  #runRequests(): void {
    const host = this.#host
    const { keyspace, log, blocked } = host
    const dialect = this.#dialect
    const { requests, writer } = dialect
    const output = this.#output
    keyspace.now = log.now()
    // Looked at again only when something was written: replies are what takes the room.
    let roomFor = -1
    // A reply that has begun is brought to its end.
    while (!this.#isParked && (!this.#isClosing || this.walk !== null)) {
      // A short request may write much: what waits for the disk is looked at every time.
      if (writer.length > roomFor || log.isBehind) {
        if (!this.#mayRun()) return
        roomFor = writer.length + ROOM_STEP_SIZE
      }
      if (!requests.next()) return
      output.open()
      const start = writer.length
      const places = dialect.run()
      if (places !== null) {
        requests.unnext()
        if (writer.length === start) {
          this.#load(places)
          return
        }
        roomFor = -1
      }
      this.#hold(start)
      if (blocked.isReady) blocked.serve()
    }
  }

  /** The reply from `start` on waits for what it tells. */
  #hold(start: number): void {
    const { keyspace, log } = this.#host
    if (this.#output.writer.isOverflown) this.#drop(OVERFLOWN)
    else if (keyspace.gate > log.committedOffset) this.#output.gate(start, keyspace.gate, log.flushingOffset)
  }

  #drop(reason: string): void {
    this.#host.onDropped(this, reason)
    this.destroy()
  }

  /** Whether there is room for what a further request may bring; otherwise reading stops until there is. */
  #mayRun(): boolean {
    const { outputSizeMax } = this.#host.clientLimits
    this.#output.writer.sizeMax = outputSizeMax
    if (this.#output.pendingSize > OUTPUT_PAUSE_SIZE) {
      // Replies that wait for a commit leave with it; others wait for the client.
      if (this.#output.pendingSize > outputSizeMax) this.#drop(OVERFLOWN)
      else this.#pause()
      return false
    }
    if (this.#host.isBehind()) {
      this.#pause()
      return false
    }
    return true
  }

  #pause(): void {
    this.#output.settle()
    if (!this.#isPaused) {
      this.#socket.pause()
      this.#socket.setTimeout(this.#host.stalledMsMax)
    }
    this.#isPaused = true
    // Whoever waits for the client alone must not stay in the committer's list: there may be no further commit.
    if (this.#output.isGated || this.#host.isBehind()) this.#waitForCommit()
  }

  /** For so long the socket has moved no byte, though it waits for the client, or for the disk. */
  #stalled(): void {
    if (this.#sender.pendingSize > 0) this.#drop('it does not read its replies')
    else this.#socket.setTimeout(this.#host.stalledMsMax)
  }

  get #hasRoom(): boolean {
    return this.#output.pendingSize <= OUTPUT_PAUSE_SIZE / 2 && !this.#host.isBehind()
  }

  /** Goes on after a pause, when there is room. */
  #continue(): void {
    if (this.#isClosed || this.#isParked) return
    if (this.#isPaused) {
      if (!this.#hasRoom) {
        if (this.#output.isGated || this.#host.isBehind()) this.#waitForCommit()
        return
      }
      this.#isPaused = false
      this.#socket.setTimeout(0)
    }
    this.#run()
    this.#dialect.requests.retain()
    // #run may have set it again, or parked the next request, or ended the connection.
    if (!(this.#isPaused as boolean) && !(this.#isParked as boolean) && !this.#isEnding) this.#socket.resume()
  }

  #load(places: readonly Place[]): void {
    const host = this.#host
    this.#isParked = true
    this.#socket.pause()
    // One request may need several rounds; what an earlier one loaded stays until it has run: what was
    // cached then may be gone by now. A walk that has got on does not look back.
    if (this.walk !== null && this.walk.cursor !== this.#loadedFor) {
      this.#loaded = null
      this.#loadedFor = this.walk.cursor
    }
    this.#loaded ??= new Map()
    // None: a walk that lets others have their turn.
    const loaded = places.length === 0 ? nextTurn() : host.log.load(places, this.#loaded)
    loaded.then(
      () => {
        this.#isParked = false
        if (this.#isClosed) return
        host.log.reader.loaded = this.#loaded
        this.#runOne()
        host.log.reader.loaded = null
        if (host.blocked.isReady) host.blocked.serve()
        this.#continue()
      },
      (error: unknown) => {
        this.#isParked = false
        if (this.#isClosed) return
        this.#failOne(error)
        this.#continue()
      },
    )
  }

  /** Runs the request whose records were loaded, and no other: the next one finds its own. */
  #runOne(): void {
    const { keyspace, log } = this.#host
    const dialect = this.#dialect
    if (!dialect.requests.next()) return
    this.#output.open()
    keyspace.now = log.now()
    const start = this.#output.writer.length
    const places = dialect.run()
    if (places !== null) dialect.requests.unnext()
    if (places === null || this.#output.writer.length > start) {
      this.#loaded = null
      this.#hold(start)
      return
    }
    this.#load(places)
  }

  /** Records could not be read: the request gets an error, and nothing wrong. */
  #failOne(error: unknown): void {
    this.#loaded = null
    this.#host.onReadFailed(error)
    if (!this.#dialect.requests.next()) return
    this.#output.open()
    const text = error instanceof FlinError ? errorText(error) : `ERR ${String(error)}`
    this.#dialect.fail(text)
  }

  /** Sends what may be told and waits for the commit that the rest needs. */
  #flush(): void {
    const { log, committer } = this.#host
    if (log.isPending) committer.schedule()
    if (this.#isClosed) return
    this.#send(log.committedOffset)
    if (this.subscriber !== null) this.subscriber.flush()
    // What the kernel has taken at once brings no 'drain'. Others come first, so that one client cannot keep the loop.
    if (this.#isPaused && this.#hasRoom) setImmediate(this.#continueSoon)
  }

  readonly #continueSoon = (): void => {
    if (this.#isPaused) this.#continue()
  }

  #send(committedOffset: number): void {
    if (this.#socket.destroyed || this.#isEnding) return
    this.#output.flush(committedOffset)
    if (this.#output.isGated) this.#waitForCommit()
    else if (this.#isClosing && !this.#isParked && this.walk === null) this.#end()
  }

  /** Sends the end behind the last reply. A client that then does not close its side, or does not even read, is not waited for. */
  #end(): void {
    const socket = this.#socket
    this.#isEnding = true
    // What it still sends must not count as a sign that it reads.
    socket.pause()
    socket.setTimeout(this.#host.stalledMsMax)
    socket.end(() => {
      if (this.#isClosed) return
      this.#lingerTimer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
      // Unread bytes would turn the end into a reset, which can take replies away that are on their way.
      socket.resume()
    })
  }

  #waitForCommit(): void {
    if (this.#isWaitingForCommit) return
    this.#isWaitingForCommit = true
    this.#host.committer.wait(this)
  }

  committed(offset: number): void {
    this.#isWaitingForCommit = false
    if (this.#isClosed) return
    this.#send(offset)
    if (this.#isPaused) this.#continue()
    if (this.subscriber !== null) this.subscriber.flush()
  }

  #dispose(): void {
    this.#isClosed = true
    this.#isClosing = true
    this.#unblock()
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer)
    unwatchAll(this, this.#host.keyspace)
    if (this.subscriber !== null) this.#host.subscriptions.remove(this.subscriber)
    this.#host.onClosed(this)
  }
}
