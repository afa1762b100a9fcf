import type { Disk } from '../../segments/index.js'
import { CommandLog } from './command-log.js'
import { EXAMPLE_OPTIONS } from './example-log.js'
import type { Reply } from './resp-client.js'

/** What test/fixtures/format-2 was made of, in this order, one commit each: every kind of record of version 2. */
const COMMANDS: readonly string[] = [
  'SET text hello',
  'RPUSH list b c d',
  'LPUSH list a',
  'LINSERT list BEFORE c between',
  'LSET list 0 first',
  'RPOP list',
  'EXPIRE list 1000000000',
  'RPUSH gone x y',
  'DEL gone',
  'RPUSH old 1 2 3',
  'RENAME old new',
  'XADD stream 1-1 field one',
  'XADD stream 2-1 field two',
  'XADD stream 3-1 field three',
  'XGROUP CREATE stream group 0',
  'XREADGROUP GROUP group consumer COUNT 2 STREAMS stream >',
  'XACK stream group 1-1',
  'XADD stream 4-1 field four',
  'XDEL stream 4-1',
  'XTRIM stream MAXLEN 2',
  'PUBLISH channel message',
  `SET big ${'x'.repeat(5000)}`,
  'RPUSH list last',
]

/** What requests of that log are answered, by whichever later Flin. */
export const ANSWERS: readonly (readonly [request: string, reply: Reply])[] = [
  ['GET text', 'hello'],
  ['LRANGE list 0 -1', ['first', 'b', 'between', 'c', 'last']],
  ['EXISTS gone old', 0],
  ['LRANGE new 0 -1', ['1', '2', '3']],
  [
    'XRANGE stream - +',
    [
      ['2-1', ['field', 'two']],
      ['3-1', ['field', 'three']],
    ],
  ],
  ['XPENDING stream group', [1, '2-1', '2-1', [['consumer', '1']]]],
  [
    'XADD stream 4-1 field again',
    { error: 'ERR The ID specified in XADD is equal or smaller than the target stream top item' },
  ],
  ['STRLEN big', 5000],
]

/** Opens such a log, or begins one, with a clock and random numbers that do not vary. */
export function openExampleObjects(disk: Disk): Promise<CommandLog> {
  return CommandLog.open(disk, { ...EXAMPLE_OPTIONS })
}

/** Writes what the fixture holds. */
export async function writeExampleObjects(disk: Disk): Promise<void> {
  const log = await openExampleObjects(disk)
  for (const line of COMMANDS) {
    const reply = await log.run(...line.split(' '))
    if (typeof reply === 'object' && reply !== null && 'error' in reply) throw new Error(`${line}: ${reply.error}`)
    await log.flush()
  }
  await log.close()
}
