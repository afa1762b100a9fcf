import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../helpers/command-bench.js'

test('INFO: all sections, or those that are named', async () => {
  const bench = await CommandBench.open()
  const server = '# Server\r\none:1\r\ntwo:x\r\n'
  const clients = '# Clients\r\nthree:3\r\n'
  for (const wanted of [[], ['all'], ['default'], ['EVERYTHING'], ['nothing', 'all']]) {
    assert.equal(bench.run('info', ...wanted), `${server}\r\n${clients}`)
  }
  assert.equal(bench.run('info', 'CLIENTS'), clients)
  assert.equal(bench.run('info', 'clients', 'server'), `${server}\r\n${clients}`)
  assert.equal(bench.run('info', 'nothing'), '')
  bench.session.protocol = 3
  assert.deepEqual(bench.run('info', 'clients'), { verbatim: `txt:${clients}` })
})

test('CONFIG GET: patterns, any case, each setting once', async () => {
  const bench = await CommandBench.open()
  assert.deepEqual(bench.run('config', 'get', 'port'), ['port', '7380'])
  assert.deepEqual(bench.run('config', 'get', 'MAX*', 'maxmemory'), ['maxclients', '10', 'maxmemory', '0'])
  assert.deepEqual(bench.run('config', 'get', 'nothing'), [])
  assert.match(JSON.stringify(bench.run('config', 'set', 'port', '1')), /unknown subcommand 'set'. Try CONFIG HELP/)
})

test('COMMAND: count, list, info, docs, keys', async () => {
  const bench = await CommandBench.open()
  const { all } = bench.registry
  assert.equal(bench.run('command', 'count'), all.length)
  assert.deepEqual(
    bench.run('command', 'list'),
    all.map(({ name }) => name),
  )
  const infos = bench.run('command') as unknown[][]
  assert.deepEqual(
    infos.map(([name]) => name),
    all.map(({ name }) => name),
  )
  const [mset, none] = bench.run('command', 'info', 'MSET', 'nothing') as unknown[][]
  assert.deepEqual(mset!.slice(0, 6), ['mset', -3, [{ simple: 'write' }, { simple: 'denyoom' }], 1, -1, 2])
  assert.deepEqual(none, { nil: 'array' })
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
