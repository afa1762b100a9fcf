import { ERR, ReplyError, type Command } from '../command.js'

const INT32_MAX = 0x7fff_ffff

export const select: Command = {
  name: 'select',
  code: 84,
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  since: '1.0.0',
  summary: 'Chooses the database.',
  differs: 'There is one database, 0.',
  run({ reply }, args) {
    const big = args.bigint(1)
    if (big === null) throw new ReplyError(ERR.notInteger)
    if (big > INT32_MAX || big < -INT32_MAX - 1) {
      throw new ReplyError(`ERR value is out of range, value must between ${-INT32_MAX - 1} and ${INT32_MAX}`)
    }
    if (big !== 0n) throw new ReplyError(ERR.dbIndex)
    reply.ok()
  },
}
