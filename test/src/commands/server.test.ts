import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../helpers/command-bench.js'
import { OK } from '../../helpers/resp-client.js'

test('INFO: the default sections, all of them, or those that are named', async () => {
  const bench = await CommandBench.open()
  const server = '# Server\r\none:1\r\ntwo:x\r\n'
  const clients = '# Clients\r\nthree:3\r\n'
  const modules = '# Modules\r\n'
  const commands = '# Commandstats\r\nfour:4\r\n'
  const cases: [string[], string[]][] = [
    [[], [server, clients, modules]],
    [['default'], [server, clients, modules]],
    [['all'], [server, clients, modules, commands]],
    [
      ['nothing', 'ALL'],
      [server, clients, modules, commands],
    ],
    [['EVERYTHING'], [server, clients, modules, commands]],
    [['CLIENTS'], [clients]],
    [
      ['clients', 'server'],
      [server, clients],
    ],
    [
      ['default', 'commandstats'],
      [server, clients, modules, commands],
    ],
    [
      ['all', 'modules'],
      [server, clients, modules, commands],
    ],
    [['nothing'], []],
  ]
  for (const [wanted, sections] of cases) {
    assert.equal(bench.run('info', ...wanted), sections.join('\r\n'), wanted.join(' '))
  }
  bench.session.protocol = 3
  assert.deepEqual(bench.run('info', 'clients'), { verbatim: `txt:${clients}` })
})

test('CONFIG GET: patterns, any case, each setting once; a name comes as it was asked for', async () => {
  const bench = await CommandBench.open()
  assert.deepEqual(bench.run('config', 'get', 'Port', 'PORT'), ['Port', '7380'])
  assert.deepEqual(bench.run('config', 'get', 'Port', 'por*'), ['Port', '7380'])
  assert.deepEqual(bench.run('config', 'get', 'POR*', 'Port'), ['port', '7380'])
  assert.deepEqual(bench.run('config', 'get', 'port'), ['port', '7380'])
  assert.deepEqual(bench.run('config', 'get', 'MAXM*y', 'maxclients', 'maxmemory'), [
    ...['maxclients', '10', 'maxmemory', '0', 'maxmemory-policy', 'noeviction'],
  ])
  assert.deepEqual(bench.run('config', 'get', 'nothing'), [])
})

test('CONFIG SET sets all or nothing, and says in Redis\u2019s words what is wrong', async () => {
  const bench = await CommandBench.open()
  const failed = (name: string, why: string) =>
    `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`
  const cases: [string[], string][] = [
    [['hz', '20', 'nothing', '1'], "ERR Unknown option or number of arguments for CONFIG SET - 'nothing'"],
    [['hz', '20', 'port', '1'], failed('port', "can't set immutable config")],
    [['hz', '20', 'HZ', '30'], failed('HZ', 'duplicate parameter')],
    [
      ['zset-max-ziplist-value', '1', 'zset-max-listpack-value', '1'],
      failed('zset-max-listpack-value', 'duplicate parameter'),
    ],
    [['hz', '20', 'maxmemory', 'x'], failed('maxmemory', 'argument must be a memory value')],
    [['hz', '20', 'save', '10'], failed('save', 'Invalid save parameters')],
    [['hz', '20', 'timeout'], 'ERR syntax error'],
  ]
  for (const [args, text] of cases) assert.deepEqual(bench.run('config', 'set', ...args), { error: text })
  assert.deepEqual(bench.run('config', 'get', 'hz'), ['hz', '10'])
  assert.deepEqual(bench.run('config', 'set', 'HZ', '5000', 'maxmemory', '1gb'), OK)
  assert.deepEqual(bench.run('config', 'get', 'hz', 'maxmemory'), ['hz', '500', 'maxmemory', '1073741824'])
  assert.deepEqual(bench.run('config', 'set', 'list-max-ziplist-size', '-5'), OK)
  assert.deepEqual(bench.run('config', 'get', 'list-max-*'), [
    ...['list-max-listpack-size', '-5', 'list-max-ziplist-size', '-5'],
  ])
})

test('CONFIG REWRITE is refused, RESETSTAT resets', async () => {
  const bench = await CommandBench.open()
  assert.match(JSON.stringify(bench.run('config', 'rewrite')), /ERR CONFIG REWRITE is not supported/)
  assert.deepEqual(bench.run('config', 'resetstat'), OK)
  assert.equal(bench.view.resets, 1)
})

test('what is counted of commands: calls, rejected ones, failed ones, errors by their codes', async () => {
  const bench = await CommandBench.open()
  const { stats } = bench.view
  for (let i = 0; i < 100; i++) bench.run('get', 'a')
  bench.run('get')
  bench.run('set', 'a', 'x')
  bench.run('incr', 'a')
  bench.run('nonsense')
  bench.session.authenticated = false
  bench.run('get', 'a')
  const counts = stats.all.map(({ name, calls, rejected, failed }) => [name, calls, rejected, failed])
  assert.deepEqual(counts, [
    ['set', 1, 0, 0],
    ['get', 100, 2, 0],
    ['incr', 1, 0, 1],
  ])
  assert.deepEqual(
    [...stats.errors],
    [
      ['ERR', 3],
      ['NOAUTH', 1],
    ],
  )
  assert.deepEqual([stats.total, stats.errorTotal], [102, 4])
  assert.ok(stats.all.every(({ usec }) => usec > 0))
  stats.reset()
  assert.deepEqual([stats.all, stats.total, stats.errorTotal, stats.errors.size], [[], 0, 0, 0])
})

test('look-ups are counted as Redis counts them', async () => {
  const bench = await CommandBench.open()
  const { keyspace } = bench
  bench.run('set', 'a', '1')
  bench.run('incr', 'b')
  assert.deepEqual([keyspace.hitCount, keyspace.missCount], [0, 0], 'not those of commands that write')
  bench.run('get', 'a')
  bench.run('get', 'x')
  bench.run('mget', 'a', 'b', 'x')
  assert.deepEqual([keyspace.hitCount, keyspace.missCount], [3, 2])
  bench.run('watch', 'a', 'x')
  bench.run('getdel', 'x')
  bench.run('getset', 'a', '2')
  bench.run('set', 'a', '3', 'GET')
  bench.run('copy', 'x', 'y')
  bench.run('getex', 'a')
  assert.deepEqual([keyspace.hitCount, keyspace.missCount], [6, 4], 'but those that return what they found')
})

test('TIME and LASTSAVE', async () => {
  const bench = await CommandBench.open()
  const before = Date.now()
  const [seconds, micros] = bench.run('time') as [string, string]
  const now = Number(seconds) * 1000 + Number(micros) / 1000
  assert.ok(now > before - 50 && now < Date.now() + 50, String(now))
  assert.match(micros, /^\d{1,6}$/)
  assert.equal(bench.run('lastsave'), 1_700_000_000)
})

test('COMMAND: count, list, info, docs, keys', async () => {
  const bench = await CommandBench.open()
  const { all } = bench.registry
  assert.equal(bench.run('command', 'count'), all.length)
  assert.deepEqual(
    (bench.run('command', 'list') as string[]).filter((name) => !name.includes('|')),
    all.map(({ name }) => name),
  )
  const infos = bench.run('command') as unknown[][]
  assert.deepEqual(
    infos.map(([name]) => name),
    all.map(({ name }) => name),
  )
  const [mset, none] = bench.run('command', 'info', 'MSET', 'nothing') as unknown[][]
  assert.deepEqual(mset!.slice(0, 6), ['mset', -3, [{ simple: 'write' }, { simple: 'denyoom' }], 1, -1, 2])
  assert.equal(none, null)
  const docs = bench.run('command', 'docs', 'get', 'nothing') as [string, string[]]
  assert.equal(docs[0], 'get')
  assert.deepEqual(docs[1].slice(2), ['since', '1.0.0', 'group', 'string'])
  assert.deepEqual(bench.run('command', 'getkeys', 'mset', 'a', '1', 'b', '2'), ['a', 'b'])
  assert.deepEqual(bench.run('command', 'getkeys', 'flin.set', 'k', 'v', 'IFREV', '0'), ['k'])
  assert.deepEqual(bench.run('command', 'getkeys', 'echo', 'x'), { error: 'ERR The command has no key arguments' })
  assert.deepEqual(bench.run('command', 'getkeys', 'nothing', 'x'), { error: 'ERR Invalid command specified' })
  // Flin's own way of saying when a command runs is nobody's business.
  assert.ok(!JSON.stringify(infos).includes('immediate'))
})
