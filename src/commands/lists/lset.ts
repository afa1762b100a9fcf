import { replaceItem } from '../../models/lists/list-edits.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import { integerArgument } from '../arguments.js'
import { ERR, ReplyError, type Command } from '../command.js'
import { addedSize } from './list-foresight.js'
import { fromBeginning, listOf, OF_LIST } from './list.js'

export const lset: Command = {
  ...OF_LIST,
  name: 'lset',
  code: 210,
  arity: 4,
  flags: ['write', 'denyoom'],
  since: '1.0.0',
  summary: 'Gives the item at an index of a list another value.',
  run({ keyspace, reply }, args) {
    const list = listOf(keyspace, args, 1)
    if (list === null) throw new ReplyError(ERR.noSuchKey)
    const index = fromBeginning(integerArgument(args, 2), list.count)
    keyspace.begin(args.size(3) + MEMBER_OVERHEAD)
    if (!list.items.seek(index)) throw new ReplyError('ERR index out of range')
    replaceItem(keyspace, list, args.buf, args.starts[3]!, args.ends[3]!)
    keyspace.changed(list)
    reply.ok()
  },
  valuesSize: (foresight, args) => addedSize(foresight, args, 3, 4),
}
