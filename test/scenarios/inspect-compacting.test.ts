import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin } from '../helpers/flin.js'
import { RespClient } from '../helpers/resp-client.js'

const KEYS = 3000

interface MapJson {
  readonly size: number
  readonly liveSize: number
  readonly segments: readonly { size: number; liveSize: number; deadSize: number; generation: number }[]
}

interface StatsJson {
  readonly total: { count: number; liveCount: number }
  readonly byCommand: readonly { command: string }[]
  readonly byPrefix: { list: readonly { prefix: string; liveCount: number }[] }
}

test('ls, map, stats and verify --state beside a daemon that is written to and compacts; compact when it has ended', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder, ['--segment-size', '64kb', '--fsync', 'no'])
  const client = await RespClient.connect(daemon.port)
  let isOver = false
  let rounds = 0
  const overwrite = async (): Promise<void> => {
    for (let i = 0; i < KEYS; i += 100) {
      const commands = Array.from({ length: 100 }, (_, n) => [
        'SET',
        `${n % 2 === 0 ? 'a' : 'b'}:${i + n}`,
        'v'.repeat(100),
      ])
      await client.pipeline(commands)
    }
    rounds++
  }
  await overwrite()
  await overwrite()
  const writing = (async () => {
    while (!isOver) await overwrite()
  })()
  for (let look = 0; look < 2; look++) {
    const [ls, map, stats, verify] = await Promise.all([
      flin('log', 'ls', '--data', folder),
      flin('log', 'map', '--json', '--data', folder),
      flin('log', 'stats', '--json', '--data', folder),
      flin('log', 'verify', '--state', '--data', folder),
    ])
    for (const { code, stdout, stderr } of [ls, map, stats, verify]) assert.deepEqual([code, stderr], [0, ''], stdout)
    assert.match(ls.stdout, /base offset .* live +dead/)
    assert.match(
      verify.stdout,
      new RegExp(`\\nintact\\nstate: ${KEYS} keys, digest [0-9a-f]{16}, with side files and without\\n$`),
    )
    const drawn = JSON.parse(map.stdout) as MapJson
    for (const it of drawn.segments) assert.ok(it.liveSize >= 0 && it.liveSize + it.deadSize === it.size)
    const made = JSON.parse(stats.stdout) as StatsJson
    assert.equal(made.total.liveCount, KEYS)
    assert.deepEqual(made.byPrefix.list.map(({ prefix, liveCount }) => [prefix, liveCount]).sort(), [
      ['a:', KEYS / 2],
      ['b:', KEYS / 2],
    ])
    assert.equal(made.byCommand[0]!.command, 'set')
  }
  const refused = await flin('log', 'compact', '--data', folder)
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /in use by another process/)
  isOver = true
  await writing
  client.close()
  assert.equal(await daemon.stop(), 0)
  const before = await flin('log', 'verify', '--state', '--data', folder)
  const compacted = await flin('log', 'compact', '--all', '--segment-size', '64kb', '--data', folder)
  assert.equal(compacted.code, 0, compacted.stderr)
  assert.match(compacted.stdout, /^\d+ bytes before, \d+ bytes after: \d+ dead records dropped\n$/)
  const after = await flin('log', 'verify', '--state', '--data', folder)
  const stateOf = (text: string): string => /state: .*/.exec(text)![0]
  assert.equal(stateOf(after.stdout), stateOf(before.stdout))
  const { liveSize, segments } = JSON.parse((await flin('log', 'map', '--json', '--data', folder)).stdout) as MapJson
  const sealed = segments.slice(0, -1)
  assert.ok(
    sealed.some(({ generation }) => generation > 0),
    `nothing was rewritten in ${rounds} rounds`,
  )
  assert.ok(sealed.every((it) => it.deadSize === 0))
  assert.ok(liveSize > KEYS * 100)
})
