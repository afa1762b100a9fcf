/** Bytes as text on one line, without quotes: printable ASCII as it is, the rest as \n, \r, \t or \xNN, as redis-cli writes it. */
export function escapeBytes(bytes: Buffer): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else if (byte === 0x0a) text += '\\n'
    else if (byte === 0x0d) text += '\\r'
    else if (byte === 0x09) text += '\\t'
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}

const SHORT_ESCAPES: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 }

/** The bytes that {@link escapeBytes} wrote; letters beyond ASCII stand for their UTF-8. */
export function unescapeBytes(text: string): Buffer {
  const parts = text.match(/\\x[0-9a-fA-F]{2}|\\.|[^\\]+|\\/gs) ?? []
  return Buffer.concat(
    parts.map((part) => {
      if (part.length === 4 && part.startsWith('\\x')) return Buffer.from(part.slice(2), 'hex')
      if (part.length === 2 && part.startsWith('\\'))
        return Buffer.from([SHORT_ESCAPES[part[1]!] ?? part.charCodeAt(1)])
      return Buffer.from(part)
    }),
  )
}

/** Text if the bytes are UTF-8, null if they are not. */
export function utf8OrNull(bytes: Buffer): string | null {
  try {
    return DECODER.decode(bytes)
  } catch {
    return null
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** At most `size` bytes, none of a UTF-8 character without the others. */
export function cut(bytes: Buffer, size: number): Buffer {
  if (bytes.length <= size) return bytes
  let end = size
  while (end > 0 && size - end < 3 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, (bytes[end]! & 0xc0) === 0x80 ? size : end)
}

export function isoTime(timeMs: number): string {
  const time = new Date(timeMs)
  return Number.isNaN(time.getTime()) ? String(timeMs) : time.toISOString()
}

/** Lines whose columns are aligned; the ones named in `left` to the left. */
export function table(rows: readonly (readonly string[])[], left: ReadonlySet<number>): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (left.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** `1 batch`, `2 batches`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  kb: 1 << 10,
  mb: 1 << 20,
  gb: 1 << 30,
}

/** `4096`, `64mb`, `1gb`, as flin-server takes sizes: bytes; null when it is none, or too many. */
export function sizeOf(text: string): number | null {
  const match = /^(\d+)([a-z]*)$/i.exec(text)
  const size = Number(match?.[1]) * (SIZE_UNITS[match?.[2]?.toLowerCase() ?? ''] ?? NaN)
  return Number.isSafeInteger(size) ? size : null
}

/** Text under the name itself when it is UTF-8, else base64 under `<name>Base64`. */
export function bytesJson(name: string, bytes: Buffer): Record<string, string> {
  const text = utf8OrNull(bytes)
  return text === null ? { [`${name}Base64`]: bytes.toString('base64') } : { [name]: text }
}
