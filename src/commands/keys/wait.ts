import { integerArgument } from '../arguments.js'
import { ReplyError, type Command } from '../command.js'

export const wait: Command = {
  name: 'wait',
  code: 88,
  arity: 3,
  flags: ['noscript'],
  group: 'generic',
  since: '3.0.0',
  summary: 'Returns how many replicas have what was written: 0.',
  differs: 'Answers 0 at once: there are no replicas to wait for.',
  run({ reply }, args) {
    integerArgument(args, 1)
    const timeout = args.bigint(2)
    if (timeout === null) throw new ReplyError('ERR timeout is not an integer or out of range')
    if (timeout < 0n) throw new ReplyError('ERR timeout is negative')
    reply.integer(0)
  },
}
