import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BenchSession, CommandBench } from '../../../helpers/command-bench.js'
import { NetBench } from '../../../helpers/net-bench.js'
import { OK, RespClient } from '../../../helpers/resp-client.js'

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
    ...{ flags: 'eT', db: '0', multi: '-1', qbuf: '11', omem: '12', 'tot-mem': '23', cmd: 'client|info' },
    ...{ user: 'default', redir: '-1', resp: '2', 'lib-name': 'ioredis', 'lib-ver': '' },
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(info!.get(name), value, name)
  bench.session.protocol = 3
  assert.match((bench.run('client', 'info') as { verbatim: string }).verbatim, /^txt:id=1 .* resp=3 .*\n$/)
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
  const [, second] = parse(bench.run('client', 'list'))
  assert.deepEqual([second!.get('flags'), second!.get('multi'), second!.get('cmd')], ['xd', '2', 'get'])
  assert.ok(Number(second!.get('multi-mem')) > 0)
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
