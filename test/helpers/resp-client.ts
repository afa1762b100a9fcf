import { once } from 'node:events'
import net from 'node:net'
import { ReplyClient } from './reply-client.js'

/**
 * A reply as it can be compared with another one: nothing that stands in the bytes is lost, so a bulk string is no simple
 * one and a missing array no missing string. Bytes of bulk strings are latin1 characters.
 */
export type Reply =
  | null
  | string
  | number
  | bigint
  | boolean
  | Reply[]
  | { simple: string }
  | { error: string }
  | { nil: 'array' }
  | { double: string }
  | { verbatim: string }
  | { map: [Reply, Reply][] }
  | { set: Reply[] }
  | { push: Reply[] }

export const OK: Reply = { simple: 'OK' }
export const QUEUED: Reply = { simple: 'QUEUED' }

export type Argument = string | number | Buffer

/** A request as clients send it: an array of bulk strings. Strings go out as latin1. */
export function frame(args: readonly Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg), 'latin1')
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

/** A raw client of RESP: any bytes out, parsed replies in, in order. Connects to this machine. */
export class RespClient extends ReplyClient<Reply> {
  #received: Buffer = Buffer.alloc(0)

  static async connect(port: number, protocol: 2 | 3 = 2): Promise<RespClient> {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const client = new RespClient(socket)
    if (protocol === 3) await client.call('HELLO', 3)
    return client
  }

  /** Sends bytes as they are. */
  send(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  call(...args: Argument[]): Promise<Reply> {
    this.send(frame(args))
    return this.read()
  }

  /** Sends all requests in one write and waits for all replies. */
  pipeline(requests: readonly (readonly Argument[])[]): Promise<Reply[]> {
    this.send(Buffer.concat(requests.map(frame)))
    return this.readMany(requests.length)
  }

  protected take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const parser = new Parser(this.#received)
    let used = 0
    for (;;) {
      const reply = parser.next()
      if (reply === undefined) break
      used = parser.at
      this.deliver(reply)
    }
    this.#received = this.#received.subarray(used)
  }
}

/** All replies in some bytes. */
export function parseReplies(bytes: Buffer): Reply[] {
  const parser = new Parser(bytes)
  const replies: Reply[] = []
  for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply)
  return replies
}

/** Reads replies from bytes; `undefined` when one is not there whole. */
class Parser {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  next(): Reply | undefined {
    const end = this.#bytes.indexOf('\r\n', this.at, 'latin1')
    if (end < 0) return undefined
    const type = String.fromCharCode(this.#bytes[this.at]!)
    const text = this.#bytes.toString('latin1', this.at + 1, end)
    this.at = end + 2
    switch (type) {
      case '+':
        return { simple: text }
      case '-':
        return { error: text }
      case ':':
        return integer(text)
      case '_':
        return null
      case ',':
        return { double: text }
      case '#':
        return text === 't'
      case '$':
        return text === '-1' ? null : this.#bulk(Number(text))
      case '=': {
        const verbatim = this.#bulk(Number(text))
        return verbatim === undefined ? undefined : { verbatim }
      }
      case '*':
        return text === '-1' ? { nil: 'array' } : this.#many(Number(text))
      case '~':
        return this.#wrapped(Number(text), (set) => ({ set }))
      case '>':
        return this.#wrapped(Number(text), (push) => ({ push }))
      case '%':
        return this.#wrapped(Number(text) * 2, (all) => ({ map: pairs(all) }))
      default:
        throw new Error(`no reply begins with ${JSON.stringify(type + text)}`)
    }
  }

  #bulk(size: number): string | undefined {
    const end = this.at + size
    if (end + 2 > this.#bytes.length) return undefined
    const text = this.#bytes.toString('latin1', this.at, end)
    if (this.#bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('no CRLF behind a bulk string')
    this.at = end + 2
    return text
  }

  #many(count: number): Reply[] | undefined {
    const replies: Reply[] = []
    while (replies.length < count) {
      const reply = this.next()
      if (reply === undefined) return undefined
      replies.push(reply)
    }
    return replies
  }

  #wrapped(count: number, wrap: (replies: Reply[]) => Reply): Reply | undefined {
    const replies = this.#many(count)
    return replies === undefined ? undefined : wrap(replies)
  }
}

function integer(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

function pairs(all: Reply[]): [Reply, Reply][] {
  const result: [Reply, Reply][] = []
  for (let i = 0; i < all.length; i += 2) result.push([all[i]!, all[i + 1]!])
  return result
}
