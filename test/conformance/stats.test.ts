import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { needs } from '../helpers/needs.js'
import { RedisServer } from '../helpers/redis-server.js'
import { RespClient, type Argument } from '../helpers/resp-client.js'

/** Commands that succeed, fail and are refused, in and out of transactions. */
const REQUESTS: readonly (readonly Argument[])[] = [
  ['CONFIG', 'RESETSTAT'],
  ...[['SET', 'a', 'x'], ['GET', 'a'], ['get', 'nothing'], ['GET'], ['INCR', 'a'], ['NONSENSE', 'a']],
  ...[['CONFIG', 'GET', 'port'], ['config', 'get', 'hz'], ['CONFIG'], ['CONFIG', 'NONSENSE'], ['CONFIG', 'GET']],
  ...[
    ['CONFIG', 'SET', 'databases', '4'],
    ['CLIENT', 'SETNAME', 'a b'],
    ['CLIENT', 'ID'],
    ['OBJECT', 'HELP'],
  ],
  ...[['OBJECT', 'ENCODING', 'a'], ['OBJECT', 'ENCODING'], ['COMMAND'], ['COMMAND', 'COUNT'], ['CLIENT', 'HELP']],
  ...[['EXEC'], ['MULTI'], ['MULTI'], ['INCR', 'a'], ['CONFIG', 'GET', 'port'], ['CLIENT', 'NONSENSE'], ['EXEC']],
  ...[['MULTI'], ['INCR', 'a'], ['OBJECT', 'FREQ', 'a'], ['CLIENT', 'ID'], ['SET', 'b', '1'], ['EXEC']],
  ...[['MULTI'], ['SHUTDOWN'], ['WATCH', 'a'], ['GET'], ['DISCARD'], ['DISCARD']],
  ...[['MULTI'], ['GET', 'a'], ['EXEC', 'now'], ['WATCH', 'a'], ['SET', 'a', '2'], ['MULTI'], ['EXEC']],
  ...[
    ['SELECT', '77'],
    ['AUTH', 'wrong', 'x'],
    ['HELLO', '9'],
    ['SETRANGE', 'a', '-1', 'x'],
  ],
]

/** A section of INFO by its fields, without times. */
async function sectionOf(client: RespClient, name: string): Promise<Map<string, string>> {
  const text = (await client.call('INFO', name)) as string
  const fields = [...text.matchAll(/^(\w+_[^:]+):(.*)\r$/gm)].map(([, field, value]) => [field!, value!] as const)
  return new Map(
    fields.map(([field, value]) => [field, value.replace(/(usec|usec_per_call|p[\d.]+)=\d+(?:\.\d+)?/g, '$1')]),
  )
}

function sorted(map: Map<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

test(
  'INFO tells of commands, their subcommands, latencies and errors what Redis tells',
  needs('redis-server'),
  async (t) => {
    const redis = await RedisServer.start(temporaryFolder(t))
    t.after(() => redis.stop())
    const daemon = await Daemon.start(temporaryFolder(t), ['--fsync', 'no'])
    const tell = async (port: number) => {
      const client = await RespClient.connect(port)
      for (const request of REQUESTS) await client.call(...request)
      // What is no request ends the connection, and is an error as well.
      const broken = await RespClient.connect(port)
      broken.send('*x\r\n')
      await broken.closed
      await client.call('CONFIG', 'SET', 'requirepass', 'secret')
      const stranger = await RespClient.connect(port)
      for (const request of [['GET', 'a'], ['CONFIG', 'GET', 'port'], ['AUTH', 'wrong'], ['NONSENSE'], ['GET']]) {
        await stranger.call(...request)
      }
      stranger.close()
      await client.call('CONFIG', 'SET', 'requirepass', '')
      const commands = sorted(await sectionOf(client, 'commandstats'))
      const latencies = sorted(await sectionOf(client, 'latencystats'))
      const errors = sorted(await sectionOf(client, 'errorstats'))
      await client.call('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0.10 75 100.0')
      const other = (await sectionOf(client, 'latencystats')).get('latency_percentiles_usec_config|get')
      await client.call('CONFIG', 'SET', 'latency-tracking', 'no')
      const none = await client.call('INFO', 'latencystats')
      client.close()
      return { commands, latencies, errors, other, none }
    }
    const [expected, actual] = await Promise.all([tell(redis.port), tell(daemon.port)])
    assert.ok(expected.commands.some(([name]) => name === 'cmdstat_config|get'))
    assert.deepEqual(actual, expected)
  },
)
