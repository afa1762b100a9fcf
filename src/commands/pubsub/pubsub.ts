import { globMatches } from '../../models/glob.js'
import type { Args } from '../../protocol/resp/args.js'
import { ReplyError, type Context, type Subcommand } from '../command.js'
import { container } from '../container.js'

const FLAGS = ['pubsub', 'loading', 'stale'] as const

/** Channels that somebody has subscribed to, those that match a pattern if there is one. */
function channels({ server, reply }: Context, args: Args, kind: 'channels' | 'shards'): void {
  if (args.count > 3) {
    const word = args.text(1)
    throw new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${word}'. Try PUBSUB HELP.`)
  }
  const { buf, starts, ends, count } = args
  const found = [...server.subscriptions.topics[kind].values()].filter(
    ({ name }) => count === 2 || globMatches(buf, starts[2]!, ends[2]!, name, 0, name.length),
  )
  reply.array(found.length)
  for (const { name } of found) reply.bulk(name, 0, name.length)
}

/** Channels that are named, each with the number of those who have subscribed to it. */
function counts({ server, reply }: Context, { buf, starts, ends, count }: Args, kind: 'channels' | 'shards'): void {
  reply.array((count - 2) * 2)
  for (let i = 2; i < count; i++) {
    reply.bulk(buf, starts[i]!, ends[i]!)
    reply.integer(server.subscriptions.countOf(kind, buf.subarray(starts[i], ends[i])))
  }
}

const subcommands: readonly Subcommand[] = [
  {
    name: 'channels',
    arity: -2,
    flags: FLAGS,
    since: '2.8.0',
    help: ['CHANNELS [<pattern>]', "    Return the currently active channels matching a <pattern> (default: '*')."],
    run: (context, args) => {
      channels(context, args, 'channels')
    },
  },
  {
    name: 'numpat',
    arity: 2,
    flags: FLAGS,
    since: '2.8.0',
    help: ['NUMPAT', '    Return number of subscriptions to patterns.'],
    run: ({ server, reply }) => {
      reply.integer(server.subscriptions.topics.patterns.size)
    },
  },
  {
    name: 'numsub',
    arity: -2,
    flags: FLAGS,
    since: '2.8.0',
    help: [
      'NUMSUB [<channel> ...]',
      '    Return the number of subscribers for the specified channels, excluding',
      '    pattern subscriptions(default: no channels).',
    ],
    run: (context, args) => {
      counts(context, args, 'channels')
    },
  },
  {
    name: 'shardchannels',
    arity: -2,
    flags: FLAGS,
    since: '7.0.0',
    help: [
      'SHARDCHANNELS [<pattern>]',
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    ],
    run: (context, args) => {
      channels(context, args, 'shards')
    },
  },
  {
    name: 'shardnumsub',
    arity: -2,
    flags: FLAGS,
    since: '7.0.0',
    help: [
      'SHARDNUMSUB [<shardchannel> ...]',
      '    Return the number of subscribers for the specified shard level channel(s)',
    ],
    run: (context, args) => {
      counts(context, args, 'shards')
    },
  },
]

export const pubsub = container({
  name: 'pubsub',
  code: 285,
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Tells who has subscribed to what.',
  subcommands,
})
