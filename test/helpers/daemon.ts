import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const TOOL = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../tools/main.js')
/** The main file of flin-server. */
export const MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/main.js')

const running = new Set<Daemon>()

/** A flin-server of its own process on a free port. */
export class Daemon {
  readonly process: ChildProcess
  readonly port: number
  readonly folder: string
  /** What it has logged, so far. */
  readonly output: readonly string[]

  private constructor(process: ChildProcess, port: number, folder: string, output: readonly string[]) {
    this.process = process
    this.port = port
    this.folder = folder
    this.output = output
  }

  /** Starts it and waits until it listens. */
  static async start(folder: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    const { child, output } = spawnDaemon(['--data', folder, '--port', '0', ...args], env)
    for await (const line of lines(child)) {
      output.push(line)
      const port = /"port":(\d+),.*"msg":"ready"/.exec(line)?.[1]
      if (port !== undefined) {
        child.stdout!.on('data', (chunk: Buffer) => output.push(chunk.toString()))
        const daemon = new Daemon(child, Number(port), folder, output)
        running.add(daemon)
        child.once('exit', () => running.delete(daemon))
        return daemon
      }
    }
    throw new Error(`flin-server did not start:\n${output.join('\n')}`)
  }

  /** Waits until it has ended by itself; its exit code, null when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
    return this.process.exitCode
  }

  /** Bytes of memory that the process holds now. */
  get residentSize(): number {
    const pages = Number(fs.readFileSync(`/proc/${this.process.pid!}/statm`, 'latin1').split(' ')[1])
    return pages * 4096
  }

  /** Ends it with a signal and returns its exit code, null when the signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode
    const exited = once(this.process, 'exit')
    this.process.kill(signal)
    await exited
    return this.process.exitCode
  }
}

/** Runs `flin` with arguments. */
export function runTool(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TOOL, ...args], { encoding: 'utf8' })
  return { code: status, output: stdout + stderr }
}

/** Runs flin-server until it ends by itself. */
export async function runDaemon(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const { child } = spawnDaemon(args, env)
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: Buffer.concat(chunks).toString() }
}

function spawnDaemon(args: string[], env: NodeJS.ProcessEnv): { child: ChildProcess; output: string[] } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const output: string[] = []
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  return { child, output }
}

async function* lines(child: ChildProcess): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop()!
    yield* parts
  }
}

/** A folder that is gone after the test, as are the daemons that still run in it. */
export function temporaryFolder(context: { after: (job: () => Promise<void>) => void }): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-test-'))
  context.after(async () => {
    for (const daemon of running) if (daemon.folder.startsWith(folder)) await daemon.stop('SIGKILL')
    fs.rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
