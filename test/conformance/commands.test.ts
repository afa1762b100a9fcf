import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_COMMANDS } from '../../src/commands/all.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { RespClient } from '../helpers/resp-client.js'

/** Redis's flags that say something about parts that Flin does not have (yet), or has as something else. */
const IGNORED = new Set(['movablekeys', 'sentinel'])

/** Subcommands that Redis has from a later version on. */
const LATER = new Set(['client|setinfo', 'client|no-touch'])

test(
  'COMMAND INFO tells of every command what Redis tells: arity, flags, keys, categories, subcommands',
  needs('redis-server'),
  async (t) => {
    const redis = await RedisServer.start(temporaryFolder(t))
    t.after(() => redis.stop())
    const daemon = await Daemon.start(temporaryFolder(t))
    const names = ALL_COMMANDS.filter(({ group, name }) => group !== 'flin' && name !== 'mdel').flatMap(
      ({ name, subcommands = [] }) => [name, ...subcommands.map((it) => `${name}|${it.name}`)],
    )
    const compared = names.filter((name) => !LATER.has(name))
    const [expected, actual] = await Promise.all([tell(redis.port, compared), tell(daemon.port, compared)])
    actual.forEach((one, i) => {
      assert.deepEqual(one, expected[i], compared[i])
    })
  },
)

interface Names {
  readonly set: readonly { simple: string }[]
}

type Info = [
  ...[name: string, arity: number, flags: Names, first: number, last: number, step: number, categories: Names],
  ...[tips: unknown, keySpecifications: unknown, subcommands: unknown[]],
]

async function tell(port: number, names: string[]): Promise<unknown[]> {
  const client = await RespClient.connect(port, 3)
  const infos = (await client.call('COMMAND', 'INFO', ...names)) as unknown as Info[]
  client.close()
  return infos.map((info) => {
    const [name, arity, flags, first, last, step, categories, tips, keySpecifications, subcommands] = info
    const kept = flags.set.map((flag) => flag.simple).filter((flag) => !IGNORED.has(flag))
    const sorted = categories.set.map((it) => it.simple).sort()
    const types = [tips, keySpecifications, subcommands].map((it) =>
      Array.isArray(it) ? 'array' : Object.keys(it!)[0],
    )
    return { name, arity, flags: kept.sort(), first, last, step, categories: sorted, types }
  })
}
