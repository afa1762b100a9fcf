import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { FlinError, type Place } from '../../../segments/index.js'
import { BOX_COMMANDS } from '../../helpers/box-commands.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { HeldDisk } from '../../helpers/held-disk.js'
import { ManualTimer } from '../../helpers/manual-timer.js'
import { NetBench } from '../../helpers/net-bench.js'
import { frame, OK, QUEUED, RespClient, type Reply } from '../../helpers/resp-client.js'
import { SimDisk } from '../../helpers/sim-disk.js'
import { until } from '../../helpers/until.js'

interface Blocked {
  readonly client: RespClient
  readonly reply: Promise<Reply>
}

/** Clients of a small server whose commands can wait, by a clock that the test moves. */
class Room {
  readonly bench: NetBench
  readonly timer: ManualTimer
  /** Somebody who does not wait. */
  readonly other: RespClient

  private constructor(bench: NetBench, timer: ManualTimer, other: RespClient) {
    this.bench = bench
    this.timer = timer
    this.other = other
  }

  static async open(t: TestContext, options: Parameters<typeof NetBench.start>[1] = {}): Promise<Room> {
    const timer = new ManualTimer()
    const bench = await NetBench.start(t, { commands: BOX_COMMANDS, timer, ...options })
    return new Room(bench, timer, await RespClient.connect(bench.port))
  }

  get waiting(): number {
    return this.bench.blocked.count
  }

  /** A client whose request waits, behind all who wait already. */
  async block(...request: string[]): Promise<Blocked> {
    return this.send(await RespClient.connect(this.bench.port), ...request)
  }

  /** Sends a request that will wait. */
  async send(client: RespClient, ...request: string[]): Promise<Blocked> {
    const before = this.waiting
    const reply = client.call(...request)
    // Nobody awaits it if the connection ends.
    reply.catch(() => undefined)
    await until('it waits', () => this.waiting === before + 1)
    return { client, reply }
  }

  /** The line of a client in CLIENT LIST. */
  async line(id: number): Promise<string> {
    return (await this.other.call('CLIENT', 'LIST', 'ID', id)) as string
  }

  isEmpty(): void {
    const { blocked } = this.bench
    assert.equal(blocked.count, 0)
    assert.equal(blocked.keyCount, 0)
    assert.equal(blocked.timedCount, 0)
  }
}

const NIL: Reply = { nil: 'array' }
const UNBLOCKED: Reply = { error: 'UNBLOCKED client unblocked via CLIENT UNBLOCK' }

test('clients are served in the order in which they came, each once, the others go on waiting', async (t) => {
  const room = await Room.open(t)
  const first = await room.block('BOX.TAKE', 'a', '0')
  const second = await room.block('BOX.TAKE', 'b', 'a', '0')
  const third = await room.block('BOX.TAKE', 'a', '0')
  assert.deepEqual(await room.other.call('BOX.PUT', 'a', '1'), OK)
  assert.deepEqual(await first.reply, ['a', '1'])
  assert.equal(room.waiting, 2)
  // In one pipeline: the second is served behind the first request, before the second one.
  const replies = await room.other.pipeline([
    ['BOX.PUT', 'a', '2'],
    ['EXISTS', 'a'],
    ['BOX.PUT', 'b', '3'],
    ['EXISTS', 'b'],
    ['BOX.TAKE', 'b', '0'],
  ])
  assert.deepEqual(replies, [OK, 0, OK, 1, ['b', '3']])
  assert.deepEqual(await second.reply, ['a', '2'])
  await room.other.call('BOX.PUT', 'a', '4')
  assert.deepEqual(await third.reply, ['a', '4'])
  room.isEmpty()
})

test('behind a transaction: the key that was filled first, and only what it leaves', async (t) => {
  const room = await Room.open(t)
  const waiting = await room.block('BOX.TAKE', 'a', 'b', '0')
  await room.other.pipeline([['MULTI'], ['BOX.PUT', 'c', 'x'], ['BOX.PUT', 'b', '1'], ['BOX.PUT', 'a', '2']])
  await room.other.call('EXEC')
  assert.deepEqual(await waiting.reply, ['b', '1'])
  const next = await room.send(waiting.client, 'BOX.TAKE', 'e', '0')
  await room.other.pipeline([['MULTI'], ['BOX.PUT', 'e', 'x'], ['DEL', 'e'], ['EXEC']])
  assert.equal(room.waiting, 1, 'it was gone before the transaction was over')
  await room.other.pipeline([['MULTI'], ['BOX.PUT', 'e', 'x'], ['BOX.PUT', 'e', 'y'], ['EXEC']])
  assert.deepEqual(await next.reply, ['e', 'y'])
})

test('inside a transaction nobody waits: each gets the nil of its kind', async (t) => {
  const room = await Room.open(t)
  const requests = [['MULTI'], ['BOX.TAKE', 'a', '0'], ['BOX.MOVE', 'a', 'b', '0'], ['EXEC']]
  assert.deepEqual(await room.other.pipeline(requests), [OK, QUEUED, QUEUED, [NIL, null]])
  await room.other.call('HELLO', 3)
  assert.deepEqual(await room.other.pipeline(requests), [OK, QUEUED, QUEUED, [null, null]])
  room.isEmpty()
})

test('what one is served brings the next one something, on and on, before the next request', async (t) => {
  const room = await Room.open(t)
  const last = await room.block('BOX.TAKE', 'box3', '0')
  const moves: Blocked[] = []
  for (let i = 0; i < 3; i++) moves.push(await room.block('BOX.MOVE', `box${i}`, `box${i + 1}`, '0'))
  const replies = await room.other.pipeline([['BOX.PUT', 'box0', 'x'], ['DBSIZE']])
  assert.deepEqual(replies, [OK, 0])
  for (const { reply } of moves) assert.equal(await reply, 'x')
  assert.deepEqual(await last.reply, ['box3', 'x'])
  room.isEmpty()
})

test('a circle of clients ends when each has been served', async (t) => {
  const room = await Room.open(t)
  const moves: Blocked[] = []
  for (let i = 0; i < 6; i++) moves.push(await room.block('BOX.MOVE', `box${i % 2}`, `box${(i + 1) % 2}`, '0'))
  await room.other.call('BOX.PUT', 'box1', 'x')
  for (const { reply } of moves) assert.equal(await reply, 'x')
  room.isEmpty()
  assert.equal(await room.other.call('GET', 'box1'), 'x')
})

test('an error of what it was to do ends the waiting, and takes nothing', async (t) => {
  const room = await Room.open(t)
  const mover = await room.block('BOX.MOVE', 'a', 'b', '0')
  const taker = await room.block('BOX.TAKE', 'a', '0')
  await room.other.call('SET', 'b', 'locked')
  await room.other.call('BOX.PUT', 'a', '1')
  assert.deepEqual(await mover.reply, { error: 'ERR it is locked' })
  assert.deepEqual(await taker.reply, ['a', '1'])
  const { errors } = room.bench.view.stats
  assert.deepEqual([...errors], [['ERR', 1]])
})

test('those who only look are all served; where one finds nothing to take, nobody behind it is asked', async (t) => {
  const room = await Room.open(t)
  const replies: Promise<Reply>[] = []
  for (const command of ['BOX.SEE', 'BOX.TAKE', 'BOX.TAKE', 'BOX.SEE']) {
    replies.push((await room.block(command, 'a', '0')).reply)
  }
  await room.other.call('BOX.PUT', 'a', '1')
  assert.deepEqual(await Promise.all(replies.slice(0, 2)), ['1', ['a', '1']])
  assert.equal(room.waiting, 2)
  await room.other.call('BOX.PUT', 'a', '2')
  assert.deepEqual(await replies[2], ['a', '2'])
  assert.equal(room.waiting, 1)
})

test('time is up: nil, for each at its own time, and nothing is left behind', async (t) => {
  const room = await Room.open(t)
  const late = await room.block('BOX.TAKE', 'a', 'b', '2')
  const early = await room.block('BOX.MOVE', 'a', 'b', '0.5')
  const never = await room.block('BOX.TAKE', 'a', '0')
  room.timer.pass(499)
  assert.equal(room.waiting, 3)
  room.timer.pass(1)
  assert.deepEqual(await early.reply, NIL)
  room.timer.pass(1499)
  assert.equal(room.waiting, 2)
  room.timer.pass(1)
  assert.deepEqual(await late.reply, NIL)
  assert.equal(room.waiting, 1)
  assert.equal(room.bench.blocked.keyCount, 1)
  room.timer.pass(1e9)
  await room.other.call('BOX.PUT', 'a', '1')
  assert.deepEqual(await never.reply, ['a', '1'])
  room.isEmpty()
})

test('RESP3 has one nil', async (t) => {
  const room = await Room.open(t)
  const client = await RespClient.connect(room.bench.port, 3)
  const { reply } = await room.send(client, 'BOX.TAKE', 'a', '1')
  room.timer.pass(1000)
  assert.equal(await reply, null)
})

test('requests behind one that waits wait too, in their order', async (t) => {
  const room = await Room.open(t)
  const client = await RespClient.connect(room.bench.port)
  const replies = client.pipeline([
    ['ECHO', 'before'],
    ['BOX.TAKE', 'a', '0'],
    ['SET', 'x', '1'],
    ['BOX.TAKE', 'b', '0'],
    ['INCR', 'x'],
  ])
  await until('it waits', () => room.waiting === 1)
  client.send(frame(['INCR', 'x']))
  assert.equal(await room.other.call('EXISTS', 'x'), 0)
  await room.other.call('BOX.PUT', 'a', '1')
  await until('it waits again', () => room.waiting === 1)
  assert.equal(await room.other.call('GET', 'x'), '1')
  await room.other.call('BOX.PUT', 'b', '2')
  assert.deepEqual(await replies, ['before', ['a', '1'], OK, ['b', '2'], 2])
  assert.equal(await client.read(), 3)
})

test('reading stops behind one that waits, and goes on', async (t) => {
  const room = await Room.open(t)
  const { client, reply } = await room.block('BOX.TAKE', 'a', '0')
  const count = 30_000
  client.send(Buffer.concat(Array.from({ length: count }, () => frame(['INCR', 'n']))))
  const [, connection] = [...room.bench.listener.connections].find(([, it]) => it.wait !== null)!
  await until('much has come', () => connection.buffers.unread > 60_000)
  // What another client brings comes behind what has come already.
  for (let i = 0; i < 10; i++) await room.other.call('PING')
  assert.ok(connection.buffers.unread <= 2 * 64 * 1024, `${connection.buffers.unread} bytes were read`)
  assert.equal(await room.other.call('EXISTS', 'n'), 0)
  await room.other.call('BOX.PUT', 'a', '1')
  assert.deepEqual(await reply, ['a', '1'])
  const replies = await client.readMany(count)
  assert.equal(replies.at(-1), count)
})

test('CLIENT UNBLOCK: as if time were up, or with an error; whoever does not wait is left alone', async (t) => {
  const room = await Room.open(t)
  const client = await RespClient.connect(room.bench.port)
  const id = (await client.call('CLIENT', 'ID')) as number
  assert.equal(await room.other.call('CLIENT', 'UNBLOCK', id), 0)
  for (const [how, expected] of [
    [[], NIL],
    [['TIMEOUT'], NIL],
    [['error'], UNBLOCKED],
  ] as const) {
    const { reply } = await room.send(client, 'BOX.TAKE', 'a', 'b', '9')
    assert.match(await room.line(id), / flags=b .* cmd=box.take /)
    assert.equal(await room.other.call('CLIENT', 'UNBLOCK', id, ...how), 1)
    assert.deepEqual(await reply, expected)
    room.isEmpty()
  }
  assert.match(await room.line(id), / flags=N /)
  assert.equal(await room.other.call('CLIENT', 'UNBLOCK', 12345), 0)
  assert.deepEqual([...room.bench.view.stats.errors], [['UNBLOCKED', 1]])
})

test('CLIENT UNBLOCK inside a transaction leaves the others their replies', async (t) => {
  const room = await Room.open(t)
  const { client, reply } = await room.block('BOX.TAKE', 'a', '0')
  const id = [...room.bench.listener.connections.values()].find(({ wait }) => wait !== null)!.id
  const requests = [['MULTI'], ['SET', 'x', '1'], ['CLIENT', 'UNBLOCK', `${id}`], ['BOX.PUT', 'a', '1'], ['EXEC']]
  assert.deepEqual((await room.other.pipeline(requests)).at(-1), [OK, 1, OK])
  assert.deepEqual(await reply, NIL)
  assert.deepEqual(await client.call('BOX.TAKE', 'a', '0'), ['a', '1'])
})

test('CLIENT KILL, a client that leaves, and one that closes its side only: nothing is taken for them', async (t) => {
  const room = await Room.open(t)
  const killed = await room.block('BOX.TAKE', 'a', '5')
  const { id } = [...room.bench.listener.connections.values()].find(({ wait }) => wait !== null)!
  // In one pipeline: the connection is not closed yet when the box is filled.
  const replies = await room.other.pipeline([
    ['CLIENT', 'KILL', 'ID', `${id}`],
    ['BOX.PUT', 'a', '1'],
    ['GET', 'a'],
  ])
  assert.deepEqual(replies, [1, OK, '1'])
  await killed.client.closed
  room.isEmpty()
  await room.other.call('DEL', 'a')
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    const { client } = await room.block('BOX.TAKE', 'a', 'b', '5')
    const [socket] = [...room.bench.listener.connections].find(([, { wait }]) => wait !== null)!
    const left = new Promise((resolve) => socket.once(leave === 'resetAndDestroy' ? 'close' : 'end', resolve))
    client.socket[leave]()
    await left
    await client.closed
    room.isEmpty()
  }
  await until('they are gone', () => room.bench.listener.connections.size === 1)
  await room.other.call('BOX.PUT', 'a', '2')
  assert.equal(await room.other.call('GET', 'a'), '2')
})

test('it is seen when a client leaves that waits since its records were loaded, or since the disk had room again', async (t) => {
  const { room, mover } = await coldRoom(t)
  const { other, bench } = room
  const loaded = await room.block('BOX.MOVE', 'b', 'later', '0')
  mover.client.close()
  loaded.client.close()
  await until('nobody waits', () => room.waiting === 0)
  bench.isBehind = true
  const client = await RespClient.connect(bench.port)
  client.send(frame(['BOX.TAKE', 'a', '0']))
  await until('it is paused', () => [...bench.listener.connections.values()].some(({ isPaused }) => isPaused))
  bench.isBehind = false
  await other.call('SET', 'x', '1')
  await until('it waits', () => room.waiting === 1)
  client.close()
  await until('nobody waits', () => room.waiting === 0)
})

test('when the daemon ends, those who wait are let go, with what they were told before', async (t) => {
  const room = await Room.open(t)
  const { client, reply } = await room.block('BOX.TAKE', 'a', '0')
  room.bench.listener.stop()
  await assert.rejects(reply)
  await client.closed
  room.isEmpty()
})

test('CLIENT REPLY: what waits is silent when it is to be', async (t) => {
  const room = await Room.open(t)
  const client = await RespClient.connect(room.bench.port)
  client.send(Buffer.concat([frame(['CLIENT', 'REPLY', 'SKIP']), frame(['BOX.TAKE', 'a', '0']), frame(['ECHO', 'x'])]))
  await until('it waits', () => room.waiting === 1)
  await room.other.call('BOX.PUT', 'a', '1')
  assert.equal(await client.read(), 'x')
  client.send(Buffer.concat([frame(['CLIENT', 'REPLY', 'OFF']), frame(['BOX.TAKE', 'a', '1'])]))
  await until('it waits', () => room.waiting === 1)
  room.timer.pass(1000)
  client.send(frame(['CLIENT', 'REPLY', 'ON']))
  assert.deepEqual(await client.read(), OK)
})

test('what was taken is told when that is committed, and nil when what others have taken is', async (t) => {
  const disk = new HeldDisk(new SimDisk({ isQuick: true }))
  const room = await Room.open(t, { folder: disk })
  const taker = await room.block('BOX.TAKE', 'a', '0')
  const second = await room.block('BOX.TAKE', 'a', '1')
  const third = await room.block('BOX.TAKE', 'a', '0')
  const told: string[] = []
  const note = (name: string, { reply }: { reply: Promise<Reply> }): void => {
    void reply.then(() => told.push(name))
  }
  note('taker', taker)
  note('second', second)
  note('third', third)
  disk.hold()
  const put = { reply: room.other.call('BOX.PUT', 'a', '1') }
  note('put', put)
  await disk.untilHeld(1)
  room.timer.pass(1000)
  const id = [...room.bench.listener.connections.values()].find(({ wait }) => wait !== null)!.id
  const neighbour = await RespClient.connect(room.bench.port)
  assert.equal(await neighbour.call('CLIENT', 'UNBLOCK', id, 'ERROR'), 1)
  assert.deepEqual(await third.reply, UNBLOCKED)
  for (let i = 0; i < 5; i++) await neighbour.call('PING')
  room.isEmpty()
  assert.deepEqual(told, ['third'], 'which tells nothing of the key')
  disk.letAllGo()
  assert.deepEqual(await Promise.all([taker.reply, second.reply, put.reply]), [['a', '1'], NIL, OK])
})

test('CLIENT UNBLOCK inside a transaction: its reply waits for the commit all the same', async (t) => {
  const disk = new HeldDisk(new SimDisk({ isQuick: true }))
  const room = await Room.open(t, { folder: disk })
  const waiting = await room.block('BOX.TAKE', 'a', '0')
  const id = [...room.bench.listener.connections.values()].find(({ wait }) => wait !== null)!.id
  disk.hold()
  let isTold = false
  const requests = [['MULTI'], ['SET', 'x', '1'], ['CLIENT', 'UNBLOCK', `${id}`, 'ERROR'], ['EXEC']]
  const replies = room.other.pipeline(requests).then((all) => {
    isTold = true
    return all
  })
  assert.deepEqual(await waiting.reply, UNBLOCKED)
  const neighbour = await RespClient.connect(room.bench.port)
  for (let i = 0; i < 5; i++) await neighbour.call('PING')
  assert.equal(isTold, false)
  disk.letAllGo()
  assert.deepEqual((await replies).at(-1), [OK, 1])
})

test('a client whose records are on disk keeps its place until they are loaded', async (t) => {
  const { room, mover } = await coldRoom(t)
  const { other } = room
  const taker = await room.block('BOX.TAKE', 'a', 'b', '0')
  const replies = await other.pipeline([
    ['BOX.PUT', 'a', '1'],
    ['GET', 'a'],
    ['BOX.PUT', 'a', '2'],
    ['GET', 'a'],
  ])
  assert.deepEqual(replies, [OK, '1', OK, '2'], 'the key waits for its first client')
  assert.equal(await mover.reply, '2')
  assert.equal(await other.call('GET', 'later'), '2')
  assert.equal(room.waiting, 1)
  await other.call('BOX.PUT', 'a', '3')
  assert.deepEqual(await taker.reply, ['a', '3'])
  room.isEmpty()
})

test('while records are loaded: a client that has more keys gets what comes to another one, the next one has its turn', async (t) => {
  const { room, mover } = await coldRoom(t)
  const taker = await room.block('BOX.TAKE', 'a', 'b', '0')
  const last = await room.block('BOX.TAKE', 'a', '0')
  const { id } = [...room.bench.listener.connections.values()].find(({ wait }) => wait !== null)!
  const replies = await room.other.pipeline([
    ['BOX.PUT', 'a', '1'],
    ['BOX.PUT', 'b', '2'],
    ['CLIENT', 'UNBLOCK', `${id}`],
  ])
  assert.deepEqual(replies, [OK, OK, 1])
  assert.deepEqual(await taker.reply, ['b', '2'])
  assert.deepEqual(await mover.reply, NIL)
  assert.deepEqual(await last.reply, ['a', '1'])
  room.isEmpty()
})

test('records that cannot be read: the client is told, the next one has its turn', async (t) => {
  const { room, mover } = await coldRoom(t)
  const taker = await room.block('BOX.TAKE', 'a', '0')
  const { log } = room.bench
  log.load = () => Promise.reject(new FlinError('LOG_CORRUPT', 'it is damaged'))
  await room.other.call('BOX.PUT', 'a', '1')
  assert.match(((await mover.reply) as { error: string }).error, /it is damaged/)
  assert.deepEqual(await taker.reply, ['a', '1'])
  assert.equal(room.bench.readFailures.length, 1)
  room.isEmpty()
})

/** A client waits to move what comes to "a" to "later", whose record is then no longer in memory. */
async function coldRoom(t: TestContext): Promise<{ room: Room; mover: Blocked }> {
  const segmentSize = 64 * 1024
  const room = await Room.open(t, { folder: temporaryFolder(t), log: { segmentSize, cacheSize: 3 * segmentSize } })
  const { other, bench } = room
  await other.call('SET', 'later', 'old')
  const mover = await room.block('BOX.MOVE', 'a', 'later', '0')
  const isCold = (): boolean => {
    const places: Place[] = []
    bench.keyspace.collectCold(Buffer.from('later'), 0, 5, places)
    return places.length > 0
  }
  for (let i = 0; !isCold(); i++) await other.call('SET', `key:${i}`, '.'.repeat(1000))
  return { room, mover }
}
