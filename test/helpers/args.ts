import { Args } from '../../src/protocol/resp/args.js'

/** Arguments one behind the other in a buffer of their own, with a byte between them that belongs to none. */
export function argsOf(...values: readonly (string | Uint8Array)[]): Args {
  const parts = values.map((it) => Buffer.from(it as string))
  const args = new Args(values.length)
  args.buf = Buffer.concat(parts.flatMap((it) => [it, Buffer.from('^')]))
  let at = 0
  parts.forEach((part, i) => {
    args.starts[i] = at
    args.ends[i] = at + part.length
    at += part.length + 1
  })
  args.count = parts.length
  return args
}
