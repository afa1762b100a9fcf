/** Starting and stopping those who are compared, all on the same core and under the same policy. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilReady } from './client.js'
import type { Policy } from './rows.js'

export const CONTENDERS = ['flin', 'redis', 'ceiling'] as const
export type ContenderName = (typeof CONTENDERS)[number]

export const FLIN_MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const CEILING_MAIN = fileURLToPath(new URL('../ceiling/server.js', import.meta.url))
const SERVER_CORE = '0'
/** As in `npm start`: see README, "Huge pages". It concerns Node only: Redis has an allocator of its own. */
const HUGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }
const READY_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000
/** Linux counts CPU time for /proc in these, on every architecture. */
const TICKS_PER_SECOND = 100

export interface Contender {
  readonly name: ContenderName
  readonly port: number
  readonly child: ChildProcess
}

/** Those still running, for the emergency exit. */
const running = new Set<ChildProcess>()

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  await once(server, 'close')
  return address.port
}

/**
 * The command line of a contender. Redis gets no snapshots and no rewrites of its append-only file, so that no fork
 * of it runs beside the measurement: these are its best figures.
 */
export function commandLine(
  name: ContenderName,
  at: { port: number; folder: string; policy: Policy; node: string; cacheSizeMib?: number },
): string[] {
  const { folder, policy, node, cacheSizeMib = 1024 } = at
  const port = String(at.port)
  switch (name) {
    case 'flin':
      // prettier-ignore
      return [node, FLIN_MAIN, '--host', '127.0.0.1', '--port', port, '--data', folder, '--fsync', policy,
        '--cache-size', `${cacheSizeMib}mb`, '--log-level', 'warn']
    case 'redis':
      // prettier-ignore
      return ['redis-server', '--bind', '127.0.0.1', '--port', port, '--dir', folder, '--save', '', '--appendonly', 'yes',
        '--appendfsync', policy, '--auto-aof-rewrite-percentage', '0', '--loglevel', 'warning']
    case 'ceiling':
      return [node, CEILING_MAIN, '--port', port, '--data', folder, '--fsync', policy]
  }
}

/**
 * Starts a contender in a folder of its own below `parent`, which may be there already, and waits until it answers PING.
 * @throws Error with what it printed when it ends or does not answer in time.
 */
export async function start(
  name: ContenderName,
  options: { parent: string; policy: Policy; node: string; signal: AbortSignal; cacheSizeMib?: number },
): Promise<Contender> {
  const folder = join(options.parent, name)
  mkdirSync(folder, { recursive: true })
  const outputPath = join(options.parent, `${name}.out`)
  const output = openSync(outputPath, 'w')
  const port = await freePort()
  const line = ['-c', SERVER_CORE, ...commandLine(name, { ...options, port, folder })]
  // A group of its own: Ctrl-C in a terminal reaches the benchmark only, which then stops its servers in order.
  const env = { ...HUGE_PAGES, ...process.env }
  const child = spawn('taskset', line, { stdio: ['ignore', output, output], detached: true, env })
  closeSync(output)
  running.add(child)
  const ended = new AbortController()
  child.once('exit', () => {
    running.delete(child)
    ended.abort(new Error('it has ended'))
  })
  child.once('error', (error) => ended.abort(error))
  const contender = { name, port, child }
  try {
    await untilReady(port, AbortSignal.any([ended.signal, options.signal, AbortSignal.timeout(READY_TIMEOUT_MS)]))
  } catch (cause) {
    await stop(contender)
    if (options.signal.aborted) throw cause
    throw new Error(`${name} did not start: ${readFileSync(outputPath, 'utf8').trim().slice(-2000)}`, { cause })
  }
  return contender
}

/** Ends a contender, politely first, and waits until it has gone. */
export async function stop({ child }: Contender): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await gone
  clearTimeout(timer)
}

/** Kills whatever still runs, at once: for the exit of the benchmark itself. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** The CPU time in microseconds, user and system, in one line of /proc/PID/stat (proc_pid_stat(5), fields 14, 15). */
export function parseCpuTime(stat: string): number {
  // The second field is the name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND
}

/** The CPU time in microseconds that all threads of a contender have used so far. */
export function cpuTimeUs({ child }: Contender): number {
  return parseCpuTime(readFileSync(`/proc/${child.pid ?? ''}/stat`, 'latin1'))
}
