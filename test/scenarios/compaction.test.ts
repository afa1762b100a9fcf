import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { OK, RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'

const KEYS = 500
const VALUE_SIZE = 1000
const LIVE_SIZE = KEYS * VALUE_SIZE
const SMALL = ['--segment-size', '64kb', '--fsync', 'no']

async function start(t: Parameters<typeof temporaryFolder>[0], ...args: string[]) {
  const daemon = await Daemon.start(temporaryFolder(t), args)
  t.after(async () => {
    await daemon.stop('SIGKILL')
  })
  return { daemon, client: await RespClient.connect(daemon.port) }
}

function isOk(reply: unknown): boolean {
  return isDeepStrictEqual(reply, OK)
}

/** Overwrites all keys; what each holds ends in the round's number. */
async function overwrite(client: RespClient, round: number): Promise<unknown[]> {
  const replies: unknown[] = []
  for (let i = 0; i < KEYS; i += 50) {
    const commands = Array.from({ length: 50 }, (_, n) => ['SET', `key:${i + n}`, `${'v'.repeat(VALUE_SIZE)}${round}`])
    replies.push(...(await client.pipeline(commands)))
  }
  return replies
}

async function info(client: RespClient): Promise<Map<string, string>> {
  const text = (await client.call('INFO', 'compaction')) as string
  assert.match(text, /^# Compaction\r\n/)
  const fields = text
    .split('\r\n')
    .flatMap((line) => (line.includes(':') ? [line.split(':', 2) as [string, string]] : []))
  return new Map(fields)
}

/** Asks until it holds: compaction works beside. */
async function untilInfo(
  client: RespClient,
  what: string,
  holds: (facts: Map<string, string>) => boolean,
): Promise<Map<string, string>> {
  let facts = new Map<string, string>()
  await until(what, async () => {
    facts = await info(client)
    return holds(facts)
  })
  return facts
}

function segmentSize(folder: string): number {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.seg'))
  return names.reduce((size, name) => size + fs.statSync(path.join(folder, name)).size, 0)
}

test('a log that is overwritten again and again stays small by itself, and holds what was written last', async (t) => {
  const { daemon, client } = await start(t, ...SMALL)
  for (let round = 0; round < 10; round++) await overwrite(client, round)
  await untilInfo(client, 'it is small', (facts) => Number(facts.get('log_size')) < 2.5 * LIVE_SIZE)
  assert.match(JSON.stringify(await client.call('COMPACT', 'NOW')), /Background compaction (started|scheduled)/)
  const facts = await untilInfo(
    client,
    'it rests',
    (it) => it.get('compaction_scheduled') === '0' && it.get('compaction_in_progress') === '0',
  )
  assert.equal(facts.get('compaction_last_status'), 'ok')
  assert.ok(Number(facts.get('log_size')) < 1.4 * LIVE_SIZE, facts.get('log_size'))
  assert.ok(Number(facts.get('write_amplification')) < 2.2, facts.get('write_amplification'))
  assert.ok(segmentSize(daemon.folder) < 2 * LIVE_SIZE)
  for (let i = 0; i < KEYS; i += 7) assert.match(JSON.stringify(await client.call('GET', `key:${i}`)), /v9"$/)
  client.close()
  assert.equal(await daemon.stop(), 0)
  const { code, stdout, stderr } = await flin('log', 'verify', '--data', daemon.folder)
  assert.equal(code, 0, stdout + stderr)
})

test('COMPACT STATUS tells what INFO does, and the rate can be set while it runs', async (t) => {
  const { client } = await start(t, ...SMALL, '--compaction-rate', '8mb')
  const status = (await client.call('COMPACT', 'STATUS')) as (string | number)[]
  const names = status.filter((_, i) => i % 2 === 0)
  assert.deepEqual(names, [...(await info(client)).keys()])
  assert.equal(status[names.indexOf('compaction_rate_max') * 2 + 1], 8 << 20)
  assert.ok(isOk(await client.call('CONFIG', 'SET', 'compaction-rate', '1mb')))
  assert.deepEqual(await client.call('CONFIG', 'GET', 'compaction-rate'), ['compaction-rate', String(1 << 20)])
  await untilInfo(client, 'the rate is bounded', (facts) => Number(facts.get('compaction_rate_now')) <= 1 << 20)
  client.close()
})

test('switched off, nothing is compacted but by COMPACT NOW; switched on while it runs, it goes on by itself', async (t) => {
  const { client } = await start(t, ...SMALL, '--compaction', 'no')
  assert.deepEqual(await client.call('CONFIG', 'GET', 'compaction'), ['compaction', 'no'])
  for (let round = 0; round < 4; round++) await overwrite(client, round)
  // Every segment that is sealed is a reason to begin: there were dozens.
  const off = await info(client)
  assert.deepEqual([off.get('compaction_enabled'), off.get('compaction_runs')], ['0', '0'])
  assert.ok(Number(off.get('log_size')) > 3.9 * LIVE_SIZE)
  await client.call('COMPACT', 'NOW')
  await untilInfo(client, 'it was asked for', (facts) => Number(facts.get('log_size')) < 1.4 * LIVE_SIZE)
  const idle = await untilInfo(client, 'it is done', (facts) => facts.get('compaction_in_progress') === '0')
  for (let round = 0; round < 4; round++) await overwrite(client, round)
  assert.equal((await info(client)).get('compaction_runs'), idle.get('compaction_runs'))
  assert.ok(isOk(await client.call('CONFIG', 'SET', 'compaction', 'yes')))
  await untilInfo(client, 'it goes on by itself', (facts) => Number(facts.get('log_size')) < 2.5 * LIVE_SIZE)
  client.close()
})

test('--history: what was overwritten stays until the window is closed while it runs', async (t) => {
  const { client } = await start(t, ...SMALL, '--history', '1h')
  for (let round = 0; round < 4; round++) await overwrite(client, round)
  await client.call('COMPACT', 'NOW')
  const kept = await untilInfo(client, 'it is done', (facts) => facts.get('compaction_scheduled') === '0')
  assert.equal(kept.get('compaction_history'), '1h')
  assert.ok(Number(kept.get('log_size')) > 3.9 * LIVE_SIZE)
  assert.match(JSON.stringify(await client.call('CONFIG', 'SET', 'history', '7')), /argument must be none, forever/)
  assert.ok(isOk(await client.call('CONFIG', 'SET', 'history', 'none')))
  assert.deepEqual(await client.call('CONFIG', 'GET', 'history'), ['history', 'none'])
  await untilInfo(client, 'it is gone', (facts) => Number(facts.get('log_size')) < 2.5 * LIVE_SIZE)
  client.close()
})

test('in memory: overwriting for ever fits into the bound; what is alive does not exceed it, and deletes make room', async (t) => {
  const { client } = await start(t, '--memory', '2mb')
  // Live data are a quarter of the bound; written is many times the bound.
  for (let round = 0; round < 12; round++) {
    for (const [i, reply] of (await overwrite(client, round)).entries()) {
      if (!isOk(reply)) assert.match(JSON.stringify(reply), /OOM/, `${i}`)
    }
    await untilInfo(client, 'there is room', (facts) => Number(facts.get('log_size')) < 1.6e6)
  }
  let refused: unknown = null
  for (let i = 0; refused === null; i++) {
    assert.ok(i < 5000, 'nothing bounds it')
    const reply = await client.call('SET', `more:${i}`, 'v'.repeat(VALUE_SIZE))
    if (!isOk(reply)) refused = reply
  }
  assert.match(JSON.stringify(refused), /OOM the log in memory holds 2 MiB at most/)
  assert.match(JSON.stringify(await client.call('GET', 'key:3')), /v\d+"$/)
  // However full it is.
  for (let i = 0; i < KEYS; i++) assert.equal(await client.call('DEL', `key:${i}`), 1)
  await until('there is room', async () => isOk(await client.call('SET', 'again', 'x'.repeat(VALUE_SIZE))))
  client.close()
})

test('COMPACT NOW of a log with nothing sealed says so', async (t) => {
  const { client } = await start(t)
  await client.call('SET', 'a', '1')
  assert.deepEqual(await client.call('COMPACT', 'NOW'), { simple: 'No segment is sealed: nothing to compact' })
  client.close()
})
