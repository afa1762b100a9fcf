import type { Log } from '../../../../segments/index.js'
import { KIND } from '../../../../src/models/kinds.js'
import type { CommandLog } from '../../../helpers/command-log.js'
import type { Reply } from '../../../helpers/resp-client.js'

/** A message as it lies in the log. */
export type FoundMessage = readonly [offset: number, channel: string, payload: string]

export async function foundKeys(log: CommandLog): Promise<string[]> {
  return ((await log.run('KEYS', '*')) as string[]).sort()
}

/** What commands tell of a key, in the form of NaiveState's facts. */
export async function foundFacts(log: CommandLog, key: string): Promise<unknown> {
  const { simple: type } = (await log.run('TYPE', key)) as { simple: string }
  if (type === 'none') return null
  const ttl = Math.max(0, (await log.run('TTL', key)) as number)
  if (type === 'string') return { type, ttl, value: await log.run('GET', key) }
  if (type === 'list') return { type, ttl, value: await log.run('LRANGE', key, '0', '-1') }
  return { type, ttl, value: streamFacts(await log.run('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')) }
}

function streamFacts(reply: Reply): unknown {
  const stream = fieldsOf(reply)
  const groups = (stream['groups'] as Reply[]).map(fieldsOf).map((group) => ({
    name: group['name'],
    lastMs: msOf(group['last-delivered-id']),
    consumers: (group['consumers'] as Reply[]).map((it) => fieldsOf(it)['name'] as string).sort(),
    pending: (group['pending'] as Reply[][]).map(([id, consumer, , count]) => [msOf(id), consumer, count]),
  }))
  return {
    lastMs: msOf(stream['last-generated-id']),
    addedCount: stream['entries-added'],
    entries: (stream['entries'] as [Reply, Reply[]][]).map(([id, fields]) => [msOf(id), fields[1]]),
    groups,
  }
}

function fieldsOf(reply: Reply): Record<string, Reply> {
  const all = reply as Reply[]
  return Object.fromEntries(all.flatMap((it, i) => (i % 2 === 0 ? [[it as string, all[i + 1]!]] : [])))
}

function msOf(id: Reply | undefined): number {
  return Number((id as string).split('-')[0])
}

/** All messages of the log, in its order. */
export async function foundMessages(log: Log): Promise<FoundMessage[]> {
  const cursor = log.cursor(0)
  const messages: FoundMessage[] = []
  for (;;) {
    const found = cursor.open()
    if (found === 'end') return messages
    if (found === 'cold') {
      await cursor.load()
      continue
    }
    while (cursor.next()) {
      const { view: record, recordOffset } = cursor
      if (record.kind === KIND.message)
        messages.push([recordOffset, record.key().toString(), record.value().toString()])
    }
    cursor.close()
  }
}
