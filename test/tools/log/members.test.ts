import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../../helpers/daemon.js'
import { flin } from '../../helpers/flin.js'
import { NetBench } from '../../helpers/net-bench.js'
import { RespClient } from '../../helpers/resp-client.js'

const TIME = /20\d\d-\d\d-\d\dT[\d:.]+Z/g

test('flin log dump tells what lists and streams are made of, also of one key', async (t) => {
  const folder = temporaryFolder(t)
  const bench = await NetBench.start(t, { folder })
  const client = await RespClient.connect(bench.port)
  await client.call('RPUSH', 'jobs', 'one')
  await client.call('XADD', 'orders', '1-1', 'item', 'bo\nok')
  await client.call('XGROUP', 'CREATE', 'orders', 'mail', '0')
  await client.call('XREADGROUP', 'GROUP', 'mail', 'ann', 'STREAMS', 'orders', '>')
  await client.call('PUBLISH', 'orders', 'news')
  await client.call('DEL', 'orders')
  await client.call('SET', 'orders', 'none')

  const { stdout } = await flin('log', 'dump', '--data', folder)
  const records = stdout.split('\n').filter((line) => line.startsWith('  '))
  assert.deepEqual(
    records.map((line) => line.trim().replace(/ {2,}/g, ' ').replace(TIME, 'TIME')),
    [
      '0 rpush list "jobs" id 0',
      '1 rpush listItem of 0 order 1 = "one"',
      '2 xadd stream "orders" id 2',
      '3 xadd streamEntry of 2 order 3 1-1 "item" "bo\\nok"',
      '4 xgroup group of 2 order 4 "mail" is at 0-0',
      '5 xreadgroup consumer of 2 order 5 "ann" of group 4, seen TIME',
      '6 xreadgroup pending of 2 order 6 1-1 with consumer 5, delivered once, last TIME',
      '7 xreadgroup group of 2 order 4 "mail" is at 1-1',
      '8 publish message "orders" = "news" stays 3600000 ms',
      '9 del string "orders" deleted buries from 0',
      '10 set string "orders" = "none"',
    ],
  )

  const one = await flin('log', 'dump', '--data', folder, '--key', 'orders', '--json')
  const told = one.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { offset: number; of?: number; key?: string; member?: Record<string, unknown> })
  assert.deepEqual(
    told.map(({ offset }) => offset),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  assert.deepEqual(told[1]!.member, { id: '1-1', textCount: 2, texts: [{ text: 'item' }, { text: 'bo\nok' }] })
  assert.equal(told[1]!.of, 2)
  assert.ok(!('key' in told[1]!))
  assert.deepEqual(told[2]!.member, { name: 'mail', lastId: '0-0' })

  const short = await flin('log', 'dump', '--data', folder, '--from', '3', '--to', '3', '--value-size', '4')
  assert.match(short.stdout, /1-1 "item" \.\.\. \(1 more\)\n$/)
})

test('flin log stats counts items and entries for their keys', async (t) => {
  const folder = temporaryFolder(t)
  const bench = await NetBench.start(t, { folder })
  const client = await RespClient.connect(bench.port)
  await client.call('SET', 'user:1', 'v'.repeat(1000))
  for (let i = 0; i < 20; i++) {
    await client.call('RPUSH', 'queue:mail', 'v'.repeat(100))
    await client.call('XADD', 'queue:log', '*', 'f', 'v'.repeat(10))
  }
  const { stdout } = await flin('log', 'stats', '--data', folder)
  const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
  const heaviest = rows.findIndex(([first]) => first === 'key')
  assert.equal(rows[heaviest + 1]![0], '"queue:mail"')
  assert.deepEqual(
    rows.filter(([first]) => first === '"queue:log"').map((row) => row.at(-1)),
    [rows.find(([first]) => first === '"queue:log"')!.at(-1), '21'],
  )
  const [, records] = rows.find(([first]) => first === '"queue:"')!
  assert.equal(records, '42')
})
