import { ReplyError } from '../command.js'

/** All clients are normal ones; the others have no members yet. */
export type ClientType = 'normal' | 'other'

/** @throws ReplyError for a word that is none of Redis's types of clients. */
export function clientType(text: string): ClientType {
  const word = text.toLowerCase()
  if (word === 'normal') return 'normal'
  if (['slave', 'replica', 'master', 'pubsub'].includes(word)) return 'other'
  throw new ReplyError(`ERR Unknown client type '${text}'`)
}
