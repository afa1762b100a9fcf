import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bothServers } from '../helpers/both-servers.js'
import { frame, RespClient, type Reply } from '../helpers/resp-client.js'

/*
 * What the random sequences cannot do, since it ends connections, or takes replies away, or asks for a password: fixed
 * sequences, each on a fresh connection to both servers.
 */
const { needed, ports } = bothServers()

const END = 'the end of the sequence'

/** Sends requests in one write; all replies, until the last request's or until the server ends the connection. */
async function replies(port: number, requests: readonly string[]): Promise<Reply[]> {
  const client = await RespClient.connect(port)
  const all = [...requests.map((request) => frame(request.split(' '))), frame(['ECHO', END])]
  client.send(Buffer.concat(all))
  const found: Reply[] = []
  try {
    for (;;) {
      const reply = await client.read()
      if (reply === END) break
      found.push(reply)
      if (found.length > requests.length) break // the last one was refused
    }
  } catch {
    found.push({ error: 'closed' })
  }
  client.close()
  return found
}

async function same(requests: readonly string[]): Promise<void> {
  const [expected, actual] = await Promise.all([replies(ports.reference, requests), replies(ports.actual, requests)])
  assert.deepEqual(actual, expected, requests.join(' / '))
}

test('CLIENT REPLY leaves replies out', needed, async () => {
  const sequences = [
    ['CLIENT REPLY OFF', 'SET a 1', 'NONSENSE', 'GET', 'CLIENT REPLY ON', 'GET a'],
    ['CLIENT REPLY SKIP', 'SET a 2', 'GET a'],
    ['CLIENT REPLY SKIP', 'NONSENSE', 'GET a'],
    ['CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'GET a', 'GET a'],
    ['CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'GET a', 'CLIENT REPLY ON', 'GET a'],
    ['CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'GET a', 'GET a'],
    ['CLIENT REPLY OFF', 'CLIENT REPLY foo', 'RESET', 'GET a'],
    ['CLIENT REPLY SKIP', 'MULTI', 'GET a', 'EXEC'],
    ['MULTI', 'CLIENT REPLY SKIP', 'GET a', 'DISCARD', 'GET a'],
    ['CLIENT REPLY OFF', 'MULTI', 'INCR counter', 'EXEC', 'CLIENT REPLY ON', 'GET counter'],
  ]
  for (const sequence of sequences) await same(sequence)
})

test('CONFIG GET has a name as it was asked for first', needed, async () => {
  const sequences = [
    ['CONFIG SET Lfu-Log-Factor 7', 'CONFIG GET lfu-log-factor', 'CONFIG GET LFU-log-factor'],
    [
      'CONFIG GET LFU-log-factor lfu-log-factor',
      'CONFIG GET Lfu-Log-Factor lfu-log*',
      'CONFIG GET LFU-LOG* LFU-log-factor',
    ],
    ['CONFIG GET Lfu-Log-Factor\\', 'CONFIG GET lfu-log-facto[r', 'CONFIG GET lfu-log-facto?'],
  ]
  for (const sequence of sequences) await same(sequence)
})

test('CLIENT LIST ID', needed, async () => {
  await same(['CLIENT LIST ID', 'CLIENT LIST ID 0 x', 'CLIENT LIST ID 99999 99999', 'CLIENT LIST TYPE pubsub'])
})

test('RESET and QUIT, also inside MULTI', needed, async () => {
  const sequences = [
    ['MULTI', 'SET r 1', 'RESET', 'GET r', 'EXEC'],
    ['WATCH r', 'SET r 2', 'RESET', 'MULTI', 'GET r', 'EXEC'],
    ['CLIENT SETNAME me', 'RESET', 'CLIENT GETNAME'],
    ['HELLO 3 SETNAME me', 'RESET', 'GET nothing'].slice(1),
    ['QUIT', 'GET r'],
    ['MULTI', 'SET r 3', 'QUIT', 'EXEC'],
    ['QUIT now', 'GET r'],
    ['SHUTDOWN ABORT', 'SHUTDOWN ABORT NOW', 'SHUTDOWN NONSENSE', 'GET r'],
  ]
  for (const sequence of sequences) await same(sequence)
})

test('writes that leave nothing behind, seen by WATCH', needed, async () => {
  const sequences = [
    ['DEL w', 'WATCH w', 'SET w 1 EXAT 725', 'MULTI', 'EXEC'],
    ['DEL w', 'WATCH w', 'SET w 1 XX PXAT 725', 'MULTI', 'EXEC'],
    ['SET w 1', 'WATCH w', 'SET w 1 NX EXAT 725', 'MULTI', 'EXEC'],
    ['SET w 1', 'WATCH w', 'GETEX w EXAT 725', 'MULTI', 'EXEC'],
    ['DEL w', 'WATCH w', 'GETEX w EXAT 725', 'EXPIREAT w 725', 'DEL w', 'GETDEL w', 'MULTI', 'EXEC'],
    ['SET w 1', 'WATCH w', 'SETRANGE w 0 1', 'MULTI', 'EXEC'],
    ['DEL w', 'WATCH w', 'APPEND w', 'SETRANGE w 0', 'MULTI', 'EXEC'],
  ]
  for (const sequence of sequences) await same(sequence)
})

test('without the password nothing but coming in', needed, async () => {
  for (const port of [ports.reference, ports.actual]) {
    const client = await RespClient.connect(port)
    await client.pipeline([
      ['SET', 'secret', '1'],
      ['CONFIG', 'SET', 'requirepass', 'open sesame'],
    ])
    client.close()
  }
  const many = `MGET ${'a '.repeat(12)}`.trim()
  const sequences = [
    ['GET secret', 'PING', 'CLIENT ID', 'CLIENT NONSENSE', 'CONFIG GET x', 'NONSENSE', 'GET', 'MULTI', 'EXEC', 'INFO'],
    ['AUTH wrong', 'GET secret', 'AUTH default wrong', 'AUTH nobody open', 'AUTH a b c', 'AUTH'],
    ['HELLO', 'HELLO 3', 'HELLO 2 SETNAME me', 'HELLO 9', 'HELLO x'],
    ['HELLO 2 AUTH default wrong', 'HELLO 2 AUTH nobody x', 'HELLO 2 AUTH default'],
    ['RESET', 'GET secret', 'QUIT'],
    [many],
    [`ECHO ${'x'.repeat(17_000)}`],
  ]
  for (const sequence of sequences) await same(sequence)
  for (const port of [ports.reference, ports.actual]) {
    const client = await RespClient.connect(port)
    const got = await client.pipeline([
      ['AUTH', 'open sesame'],
      ['GET', 'secret'],
      ['AUTH', 'default', 'wrong'],
      ['GET', 'secret'],
      ['RESET'],
      ['GET', 'secret'],
      ['AUTH', 'default', 'open sesame'],
      ['MGET', ...'secret '.repeat(12).trim().split(' ')],
      ['CONFIG', 'SET', 'requirepass', ''],
      ['AUTH', 'any'],
    ])
    client.close()
    const wrong = { error: 'WRONGPASS invalid username-password pair or user is disabled.' }
    assert.deepEqual(got.slice(0, 7), [
      ...[{ simple: 'OK' }, '1', wrong, '1', { simple: 'RESET' }, { error: 'NOAUTH Authentication required.' }],
      { simple: 'OK' },
    ])
    assert.deepEqual(got[7], new Array(12).fill('1'))
    assert.deepEqual(got[8], { simple: 'OK' })
    assert.match(JSON.stringify(got[9]), /without any password configured/)
  }
})
