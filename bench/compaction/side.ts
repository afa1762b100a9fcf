/** A daemon that is under test, and how it is loaded and asked. */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Policy } from '../load/rows.js'
import { start, type Contender } from '../load/servers.js'
import { latencyAt } from './latency.js'

export const KEY = 'key:__rand_int__'
const CLIENT_CORE = '1'
const OUTPUT_SIZE_MAX = 64 << 20
const execute = promisify(execFile)

/** What is written. */
export interface Load {
  readonly keys: number
  readonly valueSize: number
  readonly pipeline: number
}

/** A daemon, and what was seen of it. */
export interface Side {
  readonly name: string
  readonly server: Contender
  readonly folder: string
  readonly rates: number[]
  /** 99.9 % of a round's requests took no longer, in ms. */
  readonly p999: number[]
}

/**
 * Starts a daemon with a folder of its own.
 * @param settings further ones, by their names in the environment without the FLIN_
 */
export async function begin(
  name: string,
  parent: string,
  policy: Policy,
  settings: Readonly<Record<string, string>>,
  cacheSizeMib = 1024,
): Promise<Side> {
  const folder = join(parent, name)
  mkdirSync(folder)
  for (const [setting, value] of Object.entries(settings)) process.env[`FLIN_${setting}`] = value
  const { signal } = new AbortController()
  const server = await start('flin', { parent: folder, policy, node: process.execPath, signal, cacheSizeMib })
  for (const setting of Object.keys(settings)) Reflect.deleteProperty(process.env, `FLIN_${setting}`)
  return { name, server, folder: join(folder, 'flin'), rates: [], p999: [] }
}

/** A number that INFO tells. @throws Error when it tells none of that name */
export async function fact({ server }: Side, section: string, name: string): Promise<number> {
  const { stdout } = await execute('redis-cli', ['-p', String(server.port), 'info', section])
  const value = new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(stdout)?.[1]
  if (value === undefined) throw new Error(`INFO ${section} tells no ${name}`)
  return Number(value)
}

/** Runs a command that answers at once. */
export async function command({ server }: Side, ...words: string[]): Promise<string> {
  const { stdout } = await execute('redis-cli', ['-p', String(server.port), ...words])
  return stdout.trim()
}

/** Overwrites as many keys, drawn at random, as there are. */
export async function overwrite({ server, rates, p999 }: Side, { keys, valueSize, pipeline }: Load): Promise<void> {
  const numbers = { p: server.port, n: keys, r: keys, c: 50, P: pipeline }
  const line = Object.entries(numbers).flatMap(([flag, value]) => [`-${flag}`, String(value)])
  const value = 'x'.repeat(valueSize)
  const began = performance.now()
  const { stdout } = await execute(
    'taskset',
    ['-c', CLIENT_CORE, 'redis-benchmark', ...line, '--precision', '3', 'SET', KEY, value],
    { maxBuffer: OUTPUT_SIZE_MAX },
  )
  rates.push(keys / ((performance.now() - began) / 1000))
  p999.push(latencyAt(stdout, 99.9))
}

/** Runs something on one side while the other stands still, so that neither works at the other's cost. */
export async function without(other: Side | null, run: () => Promise<void>): Promise<void> {
  other?.server.child.kill('SIGSTOP')
  try {
    await run()
  } finally {
    other?.server.child.kill('SIGCONT')
  }
}

/** Compacts everything and tells how many bytes are left of the log: what is live, and little else. */
export async function liveSize(side: Side): Promise<number> {
  await command(side, 'compact', 'now')
  do await new Promise((resolve) => setTimeout(resolve, 200))
  while ((await fact(side, 'compaction', 'compaction_in_progress')) > 0)
  return (await fact(side, 'compaction', 'log_size')) - (await fact(side, 'compaction', 'log_dead_size'))
}
