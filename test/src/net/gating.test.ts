import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { ask, DONE, NOT_FOUND, reply } from '../../helpers/binary-frames.js'
import { BinaryClient } from '../../helpers/binary-client.js'
import { HeldDisk } from '../../helpers/held-disk.js'
import { type Argument, frame, OK, QUEUED, type Reply, RespClient } from '../../helpers/resp-client.js'
import { type ServerOnDisk, startOnDisk } from '../../helpers/server-on-disk.js'
import { SimDisk } from '../../helpers/sim-disk.js'

type Request = readonly Argument[]

const PONG: Reply = { simple: 'PONG' }
const NOT_INTEGER: Reply = { error: 'ERR value is not an integer or out of range' }

/** A server whose commits can be held back, and a neighbour who must be served whatever is held. */
class Stage {
  readonly disk = new HeldDisk(new SimDisk({ isQuick: true }))
  now = 1_700_000_000_000
  #started!: ServerOnDisk
  #neighbour!: RespClient
  #asked = 0
  readonly #context: TestContext

  private constructor(context: TestContext) {
    this.#context = context
  }

  static async set(context: TestContext, settings: Parameters<typeof startOnDisk>[2] = {}): Promise<Stage> {
    const stage = new Stage(context)
    // Comes before the server is stopped, which waits for what is held.
    context.after(() => {
      stage.disk.letAllGo()
    })
    stage.#started = await startOnDisk(context, stage.disk, settings, () => stage.now)
    stage.#neighbour = await stage.client()
    assert.deepEqual(await stage.#ask('SET', 'untouched', 'old'), OK)
    return stage
  }

  get ended(): ServerOnDisk['ended'] {
    return this.#started.ended
  }

  stop(): Promise<void> {
    return this.#started.server.stop()
  }

  async client(): Promise<RespClient> {
    const client = await RespClient.connect(this.#started.port)
    this.#context.after(() => {
      client.close()
    })
    return client
  }

  async binaryClient(): Promise<BinaryClient> {
    const client = await BinaryClient.connect(this.#started.port)
    this.#context.after(() => {
      client.close()
    })
    return client
  }

  async #ask(...request: Argument[]): Promise<Reply> {
    const reply = await this.#neighbour.call(...request)
    this.#asked++
    return reply
  }

  /** Commands that others than the neighbour have run; those that MULTI queues do not count. */
  async ranByOthers(): Promise<number> {
    const asked = this.#asked
    const info = JSON.stringify(await this.#ask('INFO'))
    return Number(/total_commands_processed:(\d+)/.exec(info)![1]) - asked
  }

  /** Waits until others have run so many commands; the neighbour is served at once all the while. */
  async whenRan(count: number, isTouched = false): Promise<void> {
    while ((await this.ranByOthers()) < count) assert.deepEqual(await this.#ask('PING'), PONG)
    if (!isTouched) assert.equal(await this.#ask('GET', 'untouched'), 'old')
  }
}

interface Case {
  readonly name: string
  /** What is committed beforehand. */
  readonly before?: readonly Request[]
  /** What is written, and then not committed. */
  readonly write: readonly Request[]
  /** So much time passes then, in ms. */
  readonly laterMs?: number
  /** The write concerns every key, that of the neighbour too. */
  readonly touchesAll?: boolean
  /** Each on a connection of its own: what depends on the uncommitted record, and what it is told in the end. */
  readonly held: readonly (readonly [request: Request, reply: Reply])[]
}

const CASES: readonly Case[] = [
  {
    name: 'a new value',
    write: [['SET', 'k', 'text']],
    held: [
      [['GET', 'k'], 'text'],
      [['EXISTS', 'k'], 1],
      [['EXISTS', 'untouched', 'k'], 2],
      [
        ['MGET', 'untouched', 'k'],
        ['old', 'text'],
      ],
      [['TTL', 'k'], -1],
      [['PERSIST', 'k'], 0],
      [['EXPIRE', 'k', 10, 'XX'], 0],
      [['SET', 'k', 'other', 'NX'], null],
      [['INCR', 'k'], NOT_INTEGER],
      [['DBSIZE'], 2],
      [['FLIN.SET', 'k', 'other', 'IFREV', 99], { error: 'REVMISMATCH expected revision 99, the key is at 2' }],
      [['WATCH', 'k'], OK],
    ],
  },
  {
    name: 'a value that replaces another',
    before: [['SET', 'k', 'first']],
    write: [['SET', 'k', 'second']],
    held: [
      [['GET', 'k'], 'second'],
      [['SET', 'k', 'other', 'NX', 'GET'], 'second'],
    ],
  },
  {
    name: 'a deletion',
    before: [['SET', 'k', 'text']],
    write: [['DEL', 'k']],
    held: [
      [['GET', 'k'], null],
      [['EXISTS', 'k'], 0],
      [
        ['MGET', 'k', 'untouched'],
        [null, 'old'],
      ],
      [['TTL', 'k'], -2],
      [['PERSIST', 'k'], 0],
      [['EXPIRE', 'k', 10], 0],
      [['DEL', 'k'], 0],
      [['SET', 'k', 'other', 'XX'], null],
      [['FLIN.SET', 'k', 'other', 'IFREV', 7], { error: 'REVMISMATCH expected revision 7, the key is at 0' }],
      [['DBSIZE'], 1],
      [
        ['SCAN', 0, 'COUNT', 1000000],
        ['0', ['untouched']],
      ],
    ],
  },
  {
    name: 'an expiry',
    before: [['SET', 'k', 'text']],
    write: [['EXPIRE', 'k', 100]],
    held: [
      [['TTL', 'k'], 100],
      [['EXPIRE', 'k', 50, 'NX'], 0],
    ],
  },
  {
    name: 'an expiry that is taken away',
    before: [['SET', 'k', 'text', 'EX', 100]],
    write: [['PERSIST', 'k']],
    held: [
      [['TTL', 'k'], -1],
      [['PERSIST', 'k'], 0],
    ],
  },
  {
    name: 'an expiry that has passed when it is set',
    before: [['SET', 'k', 'text']],
    write: [['EXPIRE', 'k', 0]],
    held: [
      [['GET', 'k'], null],
      [['TTL', 'k'], -2],
    ],
  },
  {
    name: 'an expiry that passes before it is committed',
    before: [['SET', 'k', 'text']],
    write: [['EXPIRE', 'k', 10]],
    laterMs: 20_000,
    held: [
      [['GET', 'k'], null],
      [['EXISTS', 'k'], 0],
    ],
  },
  {
    name: 'FLUSHALL',
    before: [['SET', 'k', 'text']],
    write: [['FLUSHALL'], ['SET', 'untouched', 'old']],
    touchesAll: true,
    held: [
      [['GET', 'k'], null],
      [['EXISTS', 'k', 'never'], 0],
      [['DBSIZE'], 1],
      [
        ['SCAN', 0, 'COUNT', 1000000],
        ['0', ['untouched']],
      ],
    ],
  },
]

describe('no reply leaves before what it tells is committed', () => {
  for (const { name, before = [], write, laterMs = 0, touchesAll = false, held } of CASES) {
    test(name, async (t) => {
      const stage = await Stage.set(t)
      const writer = await stage.client()
      for (const request of before) await writer.call(...request)
      const clients = await Promise.all(held.map(() => stage.client()))
      const ran = await stage.ranByOthers()
      const heard = writer.socket.bytesRead
      stage.disk.hold()
      for (const request of write) writer.send(frame(request))
      await stage.disk.untilHeld(1)
      stage.now += laterMs
      held.forEach(([request], i) => clients[i]!.send(frame(request)))
      await stage.whenRan(ran + write.length + held.length, touchesAll)
      assert.equal(writer.socket.bytesRead, heard, 'the write is acknowledged')
      held.forEach(([request], i) => assert.equal(clients[i]!.socket.bytesRead, 0, request.join(' ')))
      stage.disk.letAllGo()
      for (const [i, [request, reply]] of held.entries()) {
        assert.deepEqual(await clients[i]!.read(), reply, request.join(' '))
      }
    })
  }
})

describe('transactions', () => {
  test('EXEC waits for what its commands saw, and for what it wrote', async (t) => {
    const stage = await Stage.set(t)
    const writer = await stage.client()
    const reader = await stage.client()
    const ran = await stage.ranByOthers()
    stage.disk.hold()
    writer.send(frame(['MULTI']))
    writer.send(frame(['SET', 'k', 'text']))
    writer.send(frame(['EXEC']))
    assert.deepEqual(await writer.readMany(2), [OK, QUEUED])
    await stage.disk.untilHeld(1)
    for (const request of [['MULTI'], ['GET', 'k'], ['PING'], ['EXEC']]) reader.send(frame(request))
    assert.deepEqual(await reader.readMany(3), [OK, QUEUED, QUEUED])
    await stage.whenRan(ran + 4)
    const heard = [writer.socket.bytesRead, reader.socket.bytesRead]
    assert.deepEqual(heard, ['+OK\r\n+QUEUED\r\n'.length, '+OK\r\n+QUEUED\r\n+QUEUED\r\n'.length])
    stage.disk.letAllGo()
    assert.deepEqual(await writer.read(), [OK])
    assert.deepEqual(await reader.read(), ['text', PONG])
  })

  test('an EXEC that a watched key has stopped waits for the change of the key', async (t) => {
    const stage = await Stage.set(t)
    const writer = await stage.client()
    const watcher = await stage.client()
    assert.deepEqual(await watcher.pipeline([['WATCH', 'k'], ['MULTI'], ['PING']]), [OK, OK, QUEUED])
    const ran = await stage.ranByOthers()
    const heard = watcher.socket.bytesRead
    stage.disk.hold()
    writer.send(frame(['SET', 'k', 'text']))
    await stage.disk.untilHeld(1)
    watcher.send(frame(['EXEC']))
    await stage.whenRan(ran + 2)
    assert.equal(watcher.socket.bytesRead, heard)
    stage.disk.letAllGo()
    assert.deepEqual(await watcher.read(), { nil: 'array' })
  })

  test('an empty EXEC waits for what WATCH saw', async (t) => {
    const stage = await Stage.set(t)
    const writer = await stage.client()
    const watcher = await stage.client()
    const ran = await stage.ranByOthers()
    stage.disk.hold()
    writer.send(frame(['SET', 'k', 'text']))
    await stage.disk.untilHeld(1)
    for (const request of [['WATCH', 'k'], ['MULTI'], ['EXEC']]) watcher.send(frame(request))
    await stage.whenRan(ran + 4)
    assert.equal(watcher.socket.bytesRead, 0)
    stage.disk.letAllGo()
    assert.deepEqual(await watcher.readMany(3), [OK, OK, []])
  })

  test('a revision that fails the whole EXEC waits for what set it', async (t) => {
    const stage = await Stage.set(t)
    const writer = await stage.client()
    const other = await stage.client()
    assert.deepEqual(await other.pipeline([['MULTI'], ['FLIN.SET', 'k', 'x', 'IFREV', 0]]), [OK, QUEUED])
    const ran = await stage.ranByOthers()
    const heard = other.socket.bytesRead
    stage.disk.hold()
    writer.send(frame(['SET', 'k', 'text']))
    await stage.disk.untilHeld(1)
    other.send(frame(['EXEC']))
    await stage.whenRan(ran + 2)
    assert.equal(other.socket.bytesRead, heard)
    stage.disk.letAllGo()
    assert.match(JSON.stringify(await other.read()), /REVMISMATCH/)
  })
})

for (const fsync of ['always', 'everysec', 'no'] as const) {
  test(`under ${fsync} a reply waits for the write to be finished`, async (t) => {
    const stage = await Stage.set(t, { fsync })
    const writer = await stage.client()
    const ran = await stage.ranByOthers()
    stage.disk.hold()
    writer.send(frame(['SET', 'k', 'text']))
    await stage.disk.untilHeld(1)
    await stage.whenRan(ran + 1)
    assert.equal(writer.socket.bytesRead, 0)
    stage.disk.letAllGo()
    assert.deepEqual(await writer.read(), OK)
  })
}

test('what is written during a commit waits for the next one', async (t) => {
  const stage = await Stage.set(t)
  const first = await stage.client()
  const second = await stage.client()
  const readers = [await stage.client(), await stage.client()] as const
  const ran = await stage.ranByOthers()
  stage.disk.hold()
  first.send(frame(['SET', 'k1', 'v1']))
  await stage.disk.untilHeld(1)
  second.send(frame(['SET', 'k2', 'v2']))
  await stage.whenRan(ran + 2)
  readers[0].send(frame(['GET', 'k1']))
  readers[1].send(frame(['GET', 'k2']))
  await stage.whenRan(ran + 4)
  stage.disk.letGo()
  assert.deepEqual(await first.read(), OK)
  assert.equal(await readers[0].read(), 'v1')
  await stage.disk.untilHeld(1)
  await stage.whenRan(ran + 4)
  assert.deepEqual([second.socket.bytesRead, readers[1].socket.bytesRead], [0, 0])
  stage.disk.letAllGo()
  assert.deepEqual(await second.read(), OK)
  assert.equal(await readers[1].read(), 'v2')
})

test('replies keep their order, and those in front of one that waits do not wait', async (t) => {
  const stage = await Stage.set(t)
  const client = await stage.client()
  const ran = await stage.ranByOthers()
  stage.disk.hold()
  client.send(Buffer.concat([['PING'], ['SET', 'k', 'v'], ['PING'], ['GET', 'untouched'], ['GET', 'k']].map(frame)))
  assert.deepEqual(await client.read(), PONG)
  await stage.whenRan(ran + 5)
  assert.equal(client.socket.bytesRead, '+PONG\r\n'.length)
  stage.disk.letAllGo()
  assert.deepEqual(await client.readMany(4), [OK, PONG, 'old', 'v'])
})

test('replies keep their order behind a record that has to be read from disk', async (t) => {
  const stage = await Stage.set(t, { segmentSize: 4096, cacheSize: 8192 })
  const client = await stage.client()
  const keys = Array.from({ length: 40 }, (_, i) => `key${i}`)
  for (const key of keys) assert.deepEqual(await client.call('SET', key, key.padEnd(500, '.')), OK)
  const requests = keys.flatMap((key) => [
    ['GET', key],
    ['PING', key],
    ['EXISTS', key, 'never'],
  ])
  const expected = keys.flatMap((key) => [key.padEnd(500, '.'), key, 1])
  assert.deepEqual(await client.pipeline(requests), expected)
})

test('in the binary protocol too no reply leaves before what it tells is committed', async (t) => {
  const stage = await Stage.set(t)
  const writer = await stage.client()
  const binaryWriter = await stage.binaryClient()
  await writer.call('SET', 'gone', 'text')
  const held = [
    [ask.get('k'), reply.value('7')],
    [ask.exists('k'), reply.flag(true)],
    [ask.mget('untouched', 'k'), reply.several('old', '7')],
    [ask.get('gone'), NOT_FOUND],
    [ask.exists('gone'), reply.flag(false)],
    [ask.mget('gone'), reply.several('')],
    [ask.del('gone'), DONE],
    [ask.mdel('none', 'gone'), DONE],
    [ask.incr('text'), reply.error('value is not an integer or out of range')],
    [ask.get('own'), reply.value('v')],
  ] as const
  const clients = await Promise.all(held.map(() => stage.binaryClient()))
  const ran = await stage.ranByOthers()
  stage.disk.hold()
  writer.send(
    Buffer.concat(
      [
        ['SET', 'k', '7'],
        ['SET', 'text', 'x'],
        ['DEL', 'gone'],
      ].map(frame),
    ),
  )
  binaryWriter.send(ask.exists('untouched'), ask.set('own', 'v'), ask.exists('untouched'), ask.get('none'))
  await stage.disk.untilHeld(1)
  await stage.whenRan(ran + 7)
  held.forEach(([request], i) => {
    clients[i]!.send(request)
  })
  await stage.whenRan(ran + 7 + held.length)
  held.forEach(([request], i) => {
    assert.equal(clients[i]!.socket.bytesRead, 0, request.toString('latin1'))
  })
  // What stands in front of the write is told, what stands behind it waits with it.
  assert.deepEqual(await binaryWriter.read(), reply.flag(true))
  assert.equal(binaryWriter.socket.bytesRead, 6)
  stage.disk.letAllGo()
  for (const [i, [request, expected]] of held.entries()) {
    assert.deepEqual(await clients[i]!.read(), expected, request.toString('latin1'))
  }
  assert.deepEqual(await binaryWriter.readMany(3), [DONE, reply.flag(true), NOT_FOUND])
})

test('after a failed write nothing is acknowledged, and the connections end without a word', async (t) => {
  const stage = await Stage.set(t)
  const writer = await stage.client()
  const reader = await stage.client()
  const ran = await stage.ranByOthers()
  stage.disk.hold()
  writer.send(frame(['SET', 'k', 'text']))
  await stage.disk.untilHeld(1)
  reader.send(frame(['GET', 'k']))
  await stage.whenRan(ran + 2)
  stage.disk.fail('EIO')
  const error = await stage.ended
  assert.equal(error?.code, 'LOG_POISONED')
  const late = await stage.client()
  late.send(frame(['GET', 'k']))
  await stage.whenRan(ran + 3)
  await stage.stop()
  await Promise.all([writer.closed, reader.closed, late.closed])
  assert.deepEqual([writer.socket.bytesRead, reader.socket.bytesRead, late.socket.bytesRead], [0, 0, 0])
})
