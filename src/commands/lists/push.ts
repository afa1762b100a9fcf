import { pushLeft, pushRight } from '../../models/lists/list-edits.js'
import { MEMBER_OVERHEAD } from '../../models/objects/member-records.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command, Context } from '../command.js'
import { addedSize } from './list-foresight.js'
import { createList, keySize, listOf, OF_LIST, type Side } from './list.js'

export const rpush: Command = {
  ...OF_LIST,
  name: 'rpush',
  code: 200,
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  since: '1.0.0',
  summary: 'Adds items behind those of a list, which is made where there is none; returns how many it has.',
  run(context, args) {
    push(context, args, 'right', true)
  },
  valuesSize: (foresight, args) => addedSize(foresight, args, 2, args.count),
}

export const lpush: Command = {
  ...rpush,
  name: 'lpush',
  code: 201,
  summary: 'Adds items in front of those of a list, which is made where there is none; returns how many it has.',
  run(context, args) {
    push(context, args, 'left', true)
  },
}

export const rpushx: Command = {
  ...rpush,
  name: 'rpushx',
  code: 202,
  since: '2.2.0',
  summary: 'Adds items behind those of a list if there is one; returns how many it has.',
  run(context, args) {
    push(context, args, 'right', false)
  },
}

export const lpushx: Command = {
  ...rpushx,
  name: 'lpushx',
  code: 203,
  summary: 'Adds items in front of those of a list if there is one; returns how many it has.',
  run(context, args) {
    push(context, args, 'left', false)
  },
}

function push({ keyspace, reply }: Context, args: Args, side: Side, creates: boolean): void {
  const { buf, starts, ends, count } = args
  let list = listOf(keyspace, args, 1)
  if (list === null && !creates) {
    reply.integer(0)
    return
  }
  keyspace.begin(keySize(args, 1) + ends[count - 1]! - starts[0]! + (count - 2) * MEMBER_OVERHEAD)
  list ??= createList(keyspace, args, 1)
  for (let i = 2; i < count; i++) {
    if (side === 'right') pushRight(keyspace, list, buf, starts[i]!, ends[i]!)
    else pushLeft(keyspace, list, buf, starts[i]!, ends[i]!)
  }
  keyspace.changed(list)
  keyspace.onReady(buf, starts[1]!, ends[1]!)
  reply.integer(list.count)
}
