import crypto from 'node:crypto'
import net from 'node:net'

const PIECE_SIZE = 1 << 20
/** The number of a value stands at its beginning and at its end, in so many digits. */
export const NUMBER_SIZE = 16

export function numberText(n: number): string {
  return String(n).padStart(NUMBER_SIZE, '0')
}

/** A value of `size` bytes that tells its number at both ends; what lies between follows from the number as well. */
export function largeValue(n: number, size: number): Buffer {
  const value = Buffer.alloc(size, crypto.createHash('sha256').update(numberText(n)).digest())
  value.write(numberText(n), 0, 'latin1')
  value.write(numberText(n), size - NUMBER_SIZE, 'latin1')
  return value
}

export function digestOf(value: Buffer): string {
  return crypto.createHash('sha1').update(value).digest('hex')
}

/** Sends bytes piece by piece, until all are sent or the other side is gone. `onSent` hears how many the kernel has taken. */
export async function sendAll(
  socket: net.Socket,
  parts: readonly Buffer[],
  onSent: (size: number) => void,
): Promise<void> {
  let sent = 0
  for (const part of parts) {
    for (let at = 0; at < part.length && !socket.destroyed; at += PIECE_SIZE) {
      const piece = part.subarray(at, at + PIECE_SIZE)
      await new Promise<void>((resolve) => {
        socket.write(piece, () => {
          resolve()
        })
      })
      sent += piece.length
      onSent(sent)
    }
  }
}

/** What a GET brings, digested as it comes: a value of hundreds of MB never lies in the test's memory. Null for nil. */
export async function fetchDigest(port: number, key: string): Promise<{ size: number; digest: string } | null> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
  const hash = crypto.createHash('sha1')
  let head = ''
  let size = -1
  let left = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let bytes = chunk
    if (size < 0) {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n')
      if (end < 0) continue
      if (!head.startsWith('$')) throw new Error(head.slice(0, 100))
      size = left = Number(head.slice(1, end))
      if (size < 0) break
      bytes = Buffer.from(head.slice(end + 2), 'latin1')
    }
    const piece = bytes.subarray(0, left)
    hash.update(piece)
    left -= piece.length
    if (left === 0) break
  }
  socket.destroy()
  if (size < 0) return null
  if (left > 0) throw new Error(`the reply ended ${left} bytes early`)
  return { size, digest: hash.digest('hex') }
}
