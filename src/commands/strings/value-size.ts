import { ReplyError, type Context } from '../command.js'

/** @throws ReplyError when a string would get longer than a client could send it. */
export function checkValueSize({ server }: Context, size: number): void {
  if (size > server.valueSizeMax()) throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
}
