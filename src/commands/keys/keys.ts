import { ColdRead } from '../../models/cold.js'
import type { Keyspace } from '../../models/keyspace.js'
import { bulkSize, type ReplyWriter } from '../../protocol/resp/reply-writer.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command } from '../command.js'
import { WALK_DIFFERS } from '../transactions/walks.js'
import { globMatches } from '../../models/glob.js'
import type { Session } from '../session.js'
import { giveNext, KeyWalk } from './key-walk.js'

type VisitKey = (bytes: Buffer, start: number, end: number) => void

/** So long may a walk take at once; then other clients have their turn. */
const SLICE_MS = 2
const SLICE_COUNT = 256

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
  run({ keyspace, reply, session }, args) {
    if (session.replyMode !== 'on') {
      // Nobody will hear it: it is taken back in any case.
      reply.emptyArray()
      return
    }
    keyspace.checkWhole()
    if (session.queue !== null) {
      replyAtOnce(keyspace, args, reply)
      return
    }
    const walk = (session.walk ??= new KeyWalk())
    if (!walk.isOver) goOn(session, walk, keyspace, args, reply.sizeMax)
    // What was told by the last step of the walk may lie some turns back.
    keyspace.gateAll()
    giveNext(session, reply, walk)
  },
}

/** Within a transaction nobody has a turn, so that all can be counted before it is written: it lies in the reply alone. */
function replyAtOnce(keyspace: Keyspace, args: Args, reply: ReplyWriter): void {
  let count = 0
  let size = 0
  const step = (visit: VisitKey): void => {
    for (let cursor = 0; ;) {
      cursor = keyspace.walks.scan(cursor, SLICE_COUNT, matching(args, visit))
      if (cursor === 0) return
    }
  }
  step((_bytes, start, end) => {
    count++
    size += bulkSize(end - start)
  })
  keyspace.gateAll()
  reply.array(count)
  reply.expect(size)
  step((bytes, start, end) => {
    reply.bulk(bytes, start, end)
  })
}

/** Walks on, to the end or to more than may be replied. @throws ColdRead when records have to be loaded, or it is others' turn. */
function goOn(session: Session, walk: KeyWalk, keyspace: Keyspace, args: Args, sizeMax: number): void {
  const until = performance.now() + SLICE_MS
  const visit = matching(args, (bytes, start, end) => {
    walk.add(bytes, start, end)
  })
  try {
    // However long others have kept the loop, every turn gets on.
    for (let steps = 0; !walk.isOver; steps++) {
      if (steps > 0 && performance.now() > until) throw new ColdRead([])
      walk.cursor = keyspace.walks.scan(walk.cursor, SLICE_COUNT, visit)
      walk.isOver = walk.cursor === 0 || walk.size > sizeMax
    }
  } catch (error) {
    if (!(error instanceof ColdRead)) session.walk = null
    throw error
  }
}

function matching({ buf, starts, ends }: Args, visit: VisitKey): VisitKey {
  return (bytes, start, end) => {
    if (globMatches(buf, starts[1]!, ends[1]!, bytes, start, end)) visit(bytes, start, end)
  }
}
