import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import type { Subscriber } from '../../subscriptions/subscriber.js'
import type { TopicKind } from '../../subscriptions/subscriptions.js'
import type { Command, Context } from '../command.js'
import type { ServerView } from '../server-view.js'
import type { Session } from '../session.js'

type Kind = Exclude<TopicKind, 'replays'>

const FLAGS = ['pubsub', 'noscript', 'loading', 'stale', 'subscriber'] as const

/** What a connection is to those who publish; made when it is first asked for. */
export function subscriberOf(session: Session, server: ServerView): Subscriber {
  return (session.subscriber ??= server.subscriptions.newSubscriber(session.outlet))
}

/** Ends all subscriptions of a connection, without a word. */
export function leaveAll(session: Session, server: ServerView): void {
  if (session.subscriber !== null) server.subscriptions.unsubscribeAll(session.subscriber)
}

/** As Redis counts: channels and patterns together, those of shards apart. */
function countOf({ interests }: Subscriber, kind: Kind): number {
  return kind === 'shards' ? interests.shards.size : interests.channels.size + interests.patterns.size
}

function confirm(reply: ReplyWriter, word: string, name: Buffer | null, count: number): void {
  reply.push(3)
  reply.bulkText(word)
  if (name === null) reply.nil()
  else reply.bulk(name, 0, name.length)
  reply.integer(count)
}

/** Redis takes the channels of shards for keys. */
function told(kind: Kind): Pick<Command, 'toldKeys'> {
  return kind === 'shards' ? { toldKeys: { first: 1, last: -1, step: 1 } } : {}
}

function subscribing(name: string, kind: Kind, facts: Pick<Command, 'code' | 'since' | 'summary'>): Command {
  return {
    ...{ name, ...facts, arity: -2, flags: FLAGS, group: 'pubsub', ...told(kind) },
    run({ session, server, reply }: Context, { buf, starts, ends, count }: Args) {
      const subscriber = subscriberOf(session, server)
      for (let i = 1; i < count; i++) {
        const topic = Buffer.from(buf.subarray(starts[i], ends[i]))
        server.subscriptions.subscribe(subscriber, kind, topic)
        confirm(reply, name, topic, countOf(subscriber, kind))
      }
    },
  }
}

function unsubscribing(name: string, kind: Kind, facts: Pick<Command, 'code' | 'since' | 'summary'>): Command {
  return {
    ...{ name, ...facts, arity: -1, flags: FLAGS, group: 'pubsub', ...told(kind) },
    run({ session, server, reply }: Context, { buf, starts, ends, count }: Args) {
      const subscriber = subscriberOf(session, server)
      const end = (topic: Buffer): void => {
        server.subscriptions.unsubscribe(subscriber, kind, topic.toString('latin1'))
        confirm(reply, name, topic, countOf(subscriber, kind))
      }
      for (let i = 1; i < count; i++) end(Buffer.from(buf.subarray(starts[i], ends[i])))
      if (count > 1) return
      const all = [...subscriber.interests[kind].values()]
      for (const interest of all) end(interest.name)
      if (all.length === 0) confirm(reply, name, null, countOf(subscriber, kind))
    },
  }
}

export const subscribe = subscribing('subscribe', 'channels', {
  code: 281,
  since: '2.0.0',
  summary: 'Listens for messages of channels.',
})

export const psubscribe = subscribing('psubscribe', 'patterns', {
  code: 282,
  since: '2.0.0',
  summary: 'Listens for messages of all channels that match patterns.',
})

export const ssubscribe = subscribing('ssubscribe', 'shards', {
  code: 287,
  since: '7.0.0',
  summary: 'Listens for messages that SPUBLISH sends to channels.',
})

export const unsubscribe = unsubscribing('unsubscribe', 'channels', {
  code: 283,
  since: '2.0.0',
  summary: 'Listens no more to these channels, or to any.',
})

export const punsubscribe = unsubscribing('punsubscribe', 'patterns', {
  code: 284,
  since: '2.0.0',
  summary: 'Listens no more to channels of these patterns, or of any.',
})

export const sunsubscribe = unsubscribing('sunsubscribe', 'shards', {
  code: 288,
  since: '7.0.0',
  summary: 'Listens no more to these channels of SSUBSCRIBE, or to any.',
})
