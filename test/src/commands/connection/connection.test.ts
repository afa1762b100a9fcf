import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandBench } from '../../../helpers/command-bench.js'
import { OK } from '../../../helpers/resp-client.js'

test('HELLO chooses the protocol and tells who the server is, in it', async () => {
  const bench = await CommandBench.open()
  const facts = (proto: number) => ['redis', '7.0.15', proto, 1, 'standalone', 'master', []]
  const two = bench.run('hello') as unknown[]
  assert.deepEqual(
    two.filter((_, i) => i % 2 === 1),
    facts(2),
  )
  const three = bench.run('hello', '3', 'SETNAME', 'me') as { map: [string, unknown][] }
  assert.deepEqual(
    three.map.map(([, value]) => value),
    facts(3),
  )
  assert.equal(bench.session.protocol, 3)
  assert.equal(bench.session.name, 'me')
  assert.equal(bench.run('get', 'a'), null)
  assert.equal(bench.writer.buffer.toString('latin1', 0, bench.writer.length), '_\r\n')
  assert.ok('map' in (bench.run('hello') as object), 'without a number it stays')
  bench.run('hello', '2')
  assert.equal(bench.session.protocol, 2)
})

test('HELLO that is refused changes no protocol', async () => {
  const bench = await CommandBench.open()
  const cases: [string[], string][] = [
    [['x'], 'ERR Protocol version is not an integer or out of range'],
    [['4'], 'NOPROTO unsupported protocol version'],
    [['9007199254740993'], 'NOPROTO unsupported protocol version'],
    [['3', 'AUTH', 'default'], "ERR Syntax error in HELLO option 'AUTH'"],
    [['3', 'AUTH', 'nobody', 'x'], 'WRONGPASS invalid username-password pair or user is disabled.'],
    [['3', 'SETNAME', 'a b'], 'ERR Client names cannot contain spaces, newlines or special characters.'],
  ]
  for (const [args, text] of cases) {
    assert.deepEqual(bench.run('hello', ...args), { error: text })
    assert.equal(bench.session.protocol, 2)
  }
})

test('CLIENT: names, library, id', async () => {
  const bench = await CommandBench.open()
  assert.equal(bench.run('client', 'getname'), null)
  assert.deepEqual(bench.run('CLIENT', 'SETNAME', 'me'), OK)
  assert.equal(bench.run('client', 'getname'), 'me')
  for (const name of ['a b', 'a\nb', 'é', '\x7f']) {
    assert.match(JSON.stringify(bench.run('client', 'setname', name)), /cannot contain spaces/)
  }
  assert.deepEqual(bench.run('client', 'setname', ''), OK)
  assert.equal(bench.run('client', 'getname'), null)
  assert.equal(bench.run('client', 'id'), 1)
  assert.deepEqual(bench.run('client', 'setinfo', 'LIB-NAME', 'ioredis'), OK)
  assert.deepEqual(bench.run('client', 'setinfo', 'lib-ver', '1.0'), OK)
  assert.deepEqual([bench.session.libraryName, bench.session.libraryVersion], ['ioredis', '1.0'])
  assert.deepEqual(bench.run('client', 'setinfo', 'x', 'y'), { error: "ERR Unrecognized option 'x'" })
  assert.match(JSON.stringify(bench.run('client', 'setinfo', 'lib-name', 'a b')), /lib-name cannot contain spaces/)
})

test('QUIT answers and closes, also inside MULTI', async () => {
  const bench = await CommandBench.open()
  bench.run('multi')
  assert.deepEqual(bench.run('quit'), OK)
  assert.deepEqual(bench.session.closings, ['after reply'])
})
