import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { RespClient } from '../helpers/resp-client.js'

/** Redis's flags that say something about parts that Flin does not have (yet), or has as something else. */
const IGNORED = new Set(['movablekeys', 'sentinel'])

test('COMMAND INFO tells of every command what Redis tells: arity, flags, keys', needs('redis-server'), async (t) => {
  const redis = await RedisServer.start(temporaryFolder(t))
  t.after(() => redis.stop())
  const daemon = await Daemon.start(temporaryFolder(t))
  const names = ALL_COMMANDS.filter(({ group }) => group !== 'flin').map(({ name }) => name)
  const [expected, actual] = await Promise.all([tell(redis.port, names), tell(daemon.port, names)])
  actual.forEach((one, i) => {
    assert.deepEqual(one, expected[i], names[i])
  })
})

async function tell(port: number, names: string[]): Promise<unknown[]> {
  const client = await RespClient.connect(port)
  const infos = (await client.call('COMMAND', 'INFO', ...names)) as [
    string,
    number,
    { simple: string }[],
    ...number[],
  ][]
  client.close()
  return infos.map(([name, arity, flags, first, last, step]) => {
    const kept = flags.map((flag) => flag.simple).filter((flag) => !IGNORED.has(flag))
    return { name, arity, flags: kept.sort(), first, last, step }
  })
}
