import { ColdRead } from '../../models/cold.js'
import type { Keyspace } from '../../models/keyspace.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Command } from '../command.js'
import { WALK_DIFFERS } from '../transactions/walks.js'
import { globMatches } from '../glob.js'
import { KeyWalk } from './key-walk.js'

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
    keyspace.checkWhole()
    const walk = (session.walk ??= new KeyWalk())
    const mayPause = session.queue === null
    const until = performance.now() + SLICE_MS
    let steps = 0
    // However long others have kept the loop, every turn gets on.
    const mayGoOn = (): boolean => !mayPause || steps++ === 0 || performance.now() <= until
    let found: Buffer | null = null
    try {
      if (goOn(walk, keyspace, args, reply.sizeMax, mayGoOn)) found = walk.join(mayGoOn)
      if (found === null) throw new ColdRead([])
    } catch (error) {
      if (!mayPause || !(error instanceof ColdRead)) session.walk = null
      throw error
    }
    session.walk = null
    // What was told by the last step of the walk may lie some turns back.
    keyspace.gateAll()
    reply.take(found)
  },
}

/** Walks on, to the end or to more than may be replied. False: it is others' turn. */
function goOn(walk: KeyWalk, keyspace: Keyspace, args: Args, sizeMax: number, mayGoOn: () => boolean): boolean {
  const { buf, starts, ends } = args
  while (!walk.isOver) {
    if (!mayGoOn()) return false
    walk.cursor = keyspace.walks.scan(walk.cursor, SLICE_COUNT, (bytes, keyStart, keyEnd) => {
      if (globMatches(buf, starts[1]!, ends[1]!, bytes, keyStart, keyEnd)) walk.add(bytes, keyStart, keyEnd)
    })
    walk.isOver = walk.cursor === 0 || walk.size > sizeMax
  }
  return true
}
