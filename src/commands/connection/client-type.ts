import { ReplyError } from '../command.js'
import type { Session } from '../session.js'

/** A client is a normal one, or has subscribed to something; the others have no members yet. */
export type ClientType = 'normal' | 'pubsub' | 'other'

/** @throws ReplyError for a word that is none of Redis's types of clients. */
export function clientType(text: string): ClientType {
  const word = text.toLowerCase()
  if (word === 'normal' || word === 'pubsub') return word
  if (['slave', 'replica', 'master'].includes(word)) return 'other'
  throw new ReplyError(`ERR Unknown client type '${text}'`)
}

export function typeOf({ subscriber }: Session): ClientType {
  return subscriber?.isSubscribed === true ? 'pubsub' : 'normal'
}
