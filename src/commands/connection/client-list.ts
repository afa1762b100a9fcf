import type { Args } from '../../protocol/resp/args.js'
import { clientMemory } from '../client-memory.js'
import { ERR, ReplyError, type Subcommand } from '../command.js'
import type { Session } from '../session.js'
import { clientType, typeOf } from './client-type.js'

/**
 * One client as a line of `field=value`, in Redis's order. Fields of what Flin does not have are 0. Arguments are views into
 * `qbuf`: `argv-mem` is where they lie in it. A KEYS that is under way counts among what waits.
 */
export function clientLine(client: Session, now: number): string {
  const { queue, queueSize, buffers, walk } = client
  const found = walk?.size ?? 0
  const interests = client.subscriber?.interests
  const fields: Readonly<Record<string, string | number>> = {
    id: client.id,
    addr: client.address,
    laddr: client.localAddress,
    fd: client.fd,
    name: client.name,
    age: seconds(now - client.createdMs),
    idle: seconds(now - client.lastActiveMs),
    flags: flagsOf(client),
    db: 0,
    sub: interests?.channels.size ?? 0,
    psub: interests?.patterns.size ?? 0,
    ssub: interests?.shards.size ?? 0,
    multi: queue === null ? -1 : queue.length,
    qbuf: buffers.unread,
    'qbuf-free': buffers.queryFree,
    'argv-mem': buffers.indexes,
    'multi-mem': queueSize,
    rbs: buffers.replies,
    rbp: buffers.repliesPeak,
    obl: buffers.waiting,
    oll: buffers.lentCount,
    omem: buffers.lent + found,
    'tot-mem': clientMemory(client),
    events: `${client.isPaused ? '' : 'r'}${client.isSending ? 'w' : ''}`,
    cmd: client.lastCommand === '' ? 'NULL' : client.lastCommand,
    user: 'default',
    redir: -1,
    resp: client.protocol,
    'lib-name': client.libraryName,
    'lib-ver': client.libraryVersion,
  }
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}\n`
}

function flagsOf({ queue, watcher, isNoEvict, isNoTouch, subscriber, wait }: Session): string {
  const isSubscribed = subscriber?.isSubscribed === true
  const flags = [
    isSubscribed && 'P',
    queue !== null && 'x',
    wait !== null && 'b',
    watcher.dirty && 'd',
    isNoEvict && 'e',
    isNoTouch && 'T',
  ]
  return flags.filter((flag) => flag !== false).join('') || 'N'
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000))
}

export const clientInfo: Subcommand = {
  name: 'info',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  since: '6.2.0',
  help: ['INFO', '    Return information about the current client connection.'],
  run({ reply, session, keyspace }) {
    reply.verbatim('txt', clientLine(session, keyspace.now))
  },
}

export const clientList: Subcommand = {
  name: 'list',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  since: '2.4.0',
  help: [
    'LIST [options ...]',
    '    Return information about client connections. Options:',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Return clients of specified type.',
    '    * ID <client-id> [<client-id> ...]',
    '      Return clients of these IDs only.',
  ],
  run({ reply, server, keyspace }, args) {
    const lines = wanted(args, [...server.clients()]).map((client) => clientLine(client, keyspace.now))
    reply.verbatim('txt', lines.join(''))
  },
}

/** Those that the arguments ask for, in their order, each once. */
function wanted(args: Args, all: readonly Session[]): readonly Session[] {
  if (args.count === 2) return all
  if (args.equalsIgnoreCase(2, 'TYPE') && args.count === 4) {
    const type = clientType(args.text(3))
    return all.filter((client) => typeOf(client) === type)
  }
  if (!args.equalsIgnoreCase(2, 'ID') || args.count === 3) throw new ReplyError(ERR.syntax)
  const ids = new Set<number>()
  for (let i = 3; i < args.count; i++) {
    if (args.bigint(i) === null) throw new ReplyError('ERR Invalid client ID')
    ids.add(args.integer(i))
  }
  const byId = new Map(all.map((client) => [client.id, client]))
  return [...ids].flatMap((id) => byId.get(id) ?? [])
}
