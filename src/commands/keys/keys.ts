import { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ColdRead } from '../../models/cold.js'
import type { Command } from '../command.js'
import { WALK_DIFFERS } from '../transactions/walks.js'
import { globMatches } from '../glob.js'

/** So long may a walk take at once; then other clients have their turn. */
const SLICE_MS = 2
const SLICE_COUNT = 256

/** How far a KEYS that has been interrupted has come. */
export class KeyWalk {
  cursor = 0
  count = 0
  readonly found = new ReplyWriter()
}

export const keys: Command = {
  name: 'keys',
  code: 79,
  arity: 2,
  flags: ['readonly'],
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns the keys that match a pattern. Others are served meanwhile: what it guarantees is what SCAN does.',
  differs: WALK_DIFFERS,
  isWalk: true,
  run({ keyspace, reply, session }, { buf, starts, ends }) {
    const walk = (session.walk ??= new KeyWalk())
    walk.found.sizeMax = reply.sizeMax
    const mayPause = session.queue === null
    const until = performance.now() + SLICE_MS
    try {
      do {
        if (mayPause && performance.now() > until) throw new ColdRead([])
        walk.cursor = keyspace.walks.scan(walk.cursor, SLICE_COUNT, (bytes, keyStart, keyEnd) => {
          if (!globMatches(buf, starts[1]!, ends[1]!, bytes, keyStart, keyEnd)) return
          walk.found.bulk(bytes, keyStart, keyEnd)
          walk.count++
        })
      } while (walk.cursor !== 0 && !walk.found.isOverflown)
    } catch (error) {
      if (!mayPause || !(error instanceof ColdRead)) session.walk = null
      throw error
    }
    session.walk = null
    const { found, count } = walk
    reply.array(count)
    if (found.isOverflown) reply.isOverflown = true
    else reply.raw(found.buffer, 0, found.length)
  },
}
