import type net from 'node:net'

/** Larger writes may take the long way: what it costs is little beside them. */
const SHORT_SIZE_MAX = 16 * 1024

/** What is used of Node's inside: a stream's handle, and the object that a write under way is known by. */
interface Handle {
  readonly writeQueueSize: number
  writeBuffer(request: WriteRequest, bytes: Buffer): number
}
interface WriteRequest {
  oncomplete: (status: number) => void
  /** Kept as long as the write is under way, and what it writes with it. */
  bytes?: Buffer
}
type WriteRequestClass = new () => WriteRequest

let requestClass: WriteRequestClass | null = null
/** Serves all writes that the kernel takes at once: then nobody looks at it. */
let spare: WriteRequest | null = null

/**
 * Writes to a socket. What the kernel takes at once, as it does with nearly every reply, goes to it directly: the
 * bookkeeping of a Writable costs a tenth of a small request. Where Node's inside looks different, and where something waits
 * already, the Writable serves.
 */
export class SocketWriter {
  readonly #socket: net.Socket
  readonly #handle: Handle | null
  /** Bytes of the direct write that the kernel has not taken at once. */
  #waitingSize = 0

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.#handle = handleOf(socket)
  }

  /** Bytes that were handed over and that the kernel has not taken. When that is much, 'drain' of the socket tells that it is not. */
  get pendingSize(): number {
    return this.#socket.writableLength + this.#waitingSize
  }

  /** Writes bytes, which belong to the socket while {@link pendingSize} is not 0. */
  write(bytes: Buffer): void {
    const handle = this.#handle
    const socket = this.#socket
    const isDirect = handle !== null && bytes.length <= SHORT_SIZE_MAX && this.pendingSize === 0
    if (!isDirect || socket.destroyed || socket.writableEnded) socket.write(bytes)
    else if (requestClass === null) learnRequestClass(handle, socket, bytes)
    else this.#writeDirectly(handle, requestClass, bytes)
  }

  #writeDirectly(handle: Handle, Request: WriteRequestClass, bytes: Buffer): void {
    const request = (spare ??= new Request())
    const status = handle.writeBuffer(request, bytes)
    if (status !== 0) this.#socket.destroy()
    else if (handle.writeQueueSize > 0) this.#waitFor(request, bytes)
  }

  /** The kernel has not taken all: the loop will tell when it has. */
  #waitFor(request: WriteRequest, bytes: Buffer): void {
    spare = null
    this.#waitingSize = bytes.length
    request.bytes = bytes
    request.oncomplete = (status) => {
      this.#waitingSize = 0
      if (status < 0) this.#socket.destroy()
      else this.#socket.emit('drain')
    }
  }
}

function handleOf(socket: net.Socket): Handle | null {
  const handle = (socket as unknown as { _handle?: Partial<Handle> | null })._handle
  if (typeof handle !== 'object' || handle === null) return null
  return typeof handle.writeBuffer === 'function' && typeof handle.writeQueueSize === 'number'
    ? (handle as Handle)
    : null
}

/** Node does not hand the class out, but it is seen in any write of its own. */
function learnRequestClass(handle: Handle, socket: net.Socket, bytes: Buffer): void {
  const write = handle.writeBuffer.bind(handle)
  handle.writeBuffer = (request, data) => {
    delete (handle as Partial<Handle>).writeBuffer
    requestClass = request.constructor as WriteRequestClass
    return write(request, data)
  }
  socket.write(bytes)
}
