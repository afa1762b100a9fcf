import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BenchSession, CommandBench } from '../../../helpers/command-bench.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { frame, OK, RespClient } from '../../../helpers/resp-client.js'
import { until } from '../../../helpers/until.js'

/** Fields of the lines of CLIENT LIST or INFO. */
function parse(reply: unknown): Map<string, string>[] {
  return (reply as string)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Map([...line.matchAll(/([\w-]+)=(\S*)/g)].map(([, name, value]) => [name!, value!])))
}

async function twoClients(): Promise<{ bench: CommandBench; other: BenchSession }> {
  const bench = await CommandBench.open()
  const other = new BenchSession(2)
  bench.view.sessions = [bench.session, other]
  return { bench, other }
}

test('CLIENT INFO tells of the connection what is', async () => {
  const { bench } = await twoClients()
  bench.run('client', 'setname', 'me')
  bench.run('client', 'setinfo', 'lib-name', 'ioredis')
  bench.run('client', 'no-evict', 'on')
  bench.run('client', 'no-touch', 'ON')
  const [info] = parse(bench.run('client', 'info'))
  const expected = {
    ...{ id: '1', addr: '127.0.0.1:1', laddr: '127.0.0.1:7380', fd: '7', name: 'me', age: '10', idle: '5' },
    ...{ flags: 'eT', db: '0', multi: '-1', cmd: 'client|info' },
    ...{ qbuf: '11', 'qbuf-free': '53', 'argv-mem': '16', 'multi-mem': '0', rbs: '1024', rbp: '900', obl: '12' },
    ...{ oll: '2', omem: '4096', 'tot-mem': String(64 + 16 + 1024 + 4096), events: 'r' },
    ...{ user: 'default', redir: '-1', resp: '2', 'lib-name': 'ioredis', 'lib-ver': '' },
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(info!.get(name), value, name)
  bench.session.protocol = 3
  assert.match((bench.run('client', 'info') as { verbatim: string }).verbatim, /^txt:id=1 .* resp=3 .*\n$/)
})

test('CLIENT LIST tells what each client holds in memory', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  const size = 1 << 20
  await client.call('SET', 'big', 'v'.repeat(size))
  const begun = await RespClient.connect(bench.port)
  const part = frame(['SET', 'k', 'v'.repeat(100_000)]).subarray(0, 60_000)
  begun.send(part)
  const queueing = await RespClient.connect(bench.port)
  await queueing.pipeline([['MULTI'], ['SET', 'k', 'v'.repeat(1000)], ['GET', 'k']])
  const slow = await RespClient.connect(bench.port)
  slow.socket.pause()
  slow.send(Buffer.concat(Array.from({ length: 20 }, () => frame(['GET', 'big']))))
  const listed = async (): Promise<Record<string, number>[]> => {
    // A request in front, whose reply waits while the list is made.
    const replies = await client.pipeline([
      ['ECHO', 'e'.repeat(93)],
      ['CLIENT', 'LIST'],
    ])
    return parse(replies[1]).map((fields) => Object.fromEntries([...fields].map(([name, it]) => [name, Number(it)])))
  }
  let found = await listed()
  await until('all that was sent has come', async () => {
    found = await listed()
    return found[1]!['qbuf'] === part.length && found[3]!['oll']! > 0
  })
  const sum = (it: Record<string, number>, ...names: string[]): number =>
    names.reduce((all, name) => all + it[name]!, 0)
  const [own, second, third, fourth] = found as [Record<string, number>, ...Record<string, number>[]]
  assert.equal(own['qbuf'], frame(['CLIENT', 'LIST']).length)
  assert.deepEqual([own['obl'], own['rbs']! >= 100, own['rbp']! >= 100, own['omem']], [100, true, true, 0])
  assert.ok(second!['qbuf-free']! >= 40_000 && second!['argv-mem']! > 0)
  assert.equal(second!['tot-mem'], sum(second!, 'qbuf', 'qbuf-free', 'argv-mem'))
  assert.ok(third!['multi-mem']! > 1000 && third!['tot-mem'] === third!['multi-mem'], JSON.stringify(third))
  assert.deepEqual(
    [third!['rbs'], third!['rbp']],
    [0, '+OK\r\n+QUEUED\r\n+QUEUED\r\n'.length],
    'an idle client holds nothing',
  )
  assert.ok(fourth!['omem']! >= size && fourth!['oll']! >= 1, JSON.stringify(fourth))
  assert.equal(fourth!['tot-mem'], sum(fourth!, 'qbuf', 'qbuf-free', 'argv-mem', 'rbs', 'omem'))
  assert.match((await client.call('CLIENT', 'LIST', 'ID', 4)) as string, / events=w cmd=get /)
  for (const one of [client, begun, queueing, slow]) one.close()
})

test('CLIENT LIST: all, by type, by id; what each is at', async () => {
  const { bench, other } = await twoClients()
  bench.runAs(other, 'multi')
  bench.runAs(other, 'get', 'a')
  bench.runAs(other, 'get', 'b')
  other.watcher.dirty = true
  const ids = (...args: string[]): (string | undefined)[] =>
    parse(bench.run('client', 'list', ...args)).map((fields) => fields.get('id'))
  assert.deepEqual(ids(), ['1', '2'])
  assert.deepEqual(ids('type', 'normal'), ['1', '2'])
  assert.deepEqual(ids('TYPE', 'replica'), [])
  assert.deepEqual(ids('ID', '2', '7'), ['2'])
  assert.deepEqual(ids('id', '1', '2', '2'), ['1', '2'])
  assert.deepEqual(ids('id', '2', '1', '2'), ['2', '1'])
  const [, second] = parse(bench.run('client', 'list'))
  assert.deepEqual([second!.get('flags'), second!.get('multi'), second!.get('cmd')], ['xd', '2', 'get'])
  assert.ok(Number(second!.get('multi-mem')) > 0)
  for (const unknown of [['nonsense'], ['config', 'nonsense']]) {
    bench.runAs(other, ...unknown)
    assert.equal(parse(bench.run('client', 'list'))[1]!.get('cmd'), 'NULL')
  }
})

test('CLIENT KILL: the old form and filters, which all must hold', async () => {
  const { bench, other } = await twoClients()
  const killed = (...args: string[]): unknown => {
    other.closings.length = 0
    bench.session.closings.length = 0
    const reply = bench.run('client', 'kill', ...args)
    return [reply, ...bench.session.closings.map((how) => `me ${how}`), ...other.closings]
  }
  assert.deepEqual(killed('127.0.0.1:2'), [OK, 'at once'])
  assert.deepEqual(killed('127.0.0.1:1'), [OK, 'me after reply'])
  assert.deepEqual(killed('127.0.0.1:3'), [{ error: 'ERR No such client' }])
  assert.deepEqual(killed('ID', '2'), [1, 'at once'])
  assert.deepEqual(killed('ID', '1'), [0])
  assert.deepEqual(killed('ID', '1', 'SKIPME', 'no'), [1, 'me after reply'])
  assert.deepEqual(killed('type', 'normal'), [1, 'at once'])
  assert.deepEqual(killed('type', 'normal', 'skipme', 'NO'), [2, 'me after reply', 'at once'])
  assert.deepEqual(killed('laddr', '127.0.0.1:7380', 'addr', '127.0.0.1:2'), [1, 'at once'])
  assert.deepEqual(killed('addr', '127.0.0.1:2', 'id', '1', 'skipme', 'no'), [0])
  assert.deepEqual(killed('user', 'default'), [1, 'at once'])
  other.authenticated = false
  assert.deepEqual(killed('user', 'default'), [0])
})

test('killed clients see the end, over sockets', async (t) => {
  const bench = await NetBench.start(t)
  const client = await RespClient.connect(bench.port)
  const other = await RespClient.connect(bench.port)
  const id = (await other.call('CLIENT', 'ID')) as number
  assert.equal(await client.call('CLIENT', 'KILL', 'ID', id), 1)
  await other.closed
  const own = `127.0.0.1:${(client.socket.address() as { port: number }).port}`
  assert.deepEqual(await client.call('CLIENT', 'KILL', own), OK, 'the reply comes before the end')
  await client.closed
})

test('a client that sends nothing for the time that timeout says is closed; one that is at something is not', async (t) => {
  const bench = await NetBench.start(t, { log: { now: Date.now } })
  const idle = await RespClient.connect(bench.port)
  await idle.call('SET', 'a', 'v'.repeat(1 << 20))
  const busy = await RespClient.connect(bench.port)
  const waiting = await RespClient.connect(bench.port)
  waiting.socket.pause()
  waiting.send('GET a\r\n'.repeat(40)) // more than the kernel takes: its replies wait for it
  await busy.call('PING')
  const beating = setInterval(() => {
    busy.send('PING\r\n')
  }, 50)
  t.after(() => {
    clearInterval(beating)
    busy.close()
    waiting.close()
  })
  const began = performance.now()
  bench.clientLimits.idleMsMax = 300
  await idle.closed
  assert.ok(performance.now() - began > 250)
  // As long as it takes to look for idle clients once more.
  await busy.readMany(15)
  assert.equal(bench.listener.connections.size, 2)
  assert.ok(!busy.isClosed && !waiting.isClosed)
  bench.clientLimits.idleMsMax = 0
})
