import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/main.js')

/** A flin-server of its own process on a free port. */
export class Daemon {
  readonly process: ChildProcess
  readonly port: number
  readonly folder: string

  private constructor(process: ChildProcess, port: number, folder: string) {
    this.process = process
    this.port = port
    this.folder = folder
  }

  /** Starts it and waits until it listens. */
  static async start(folder: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    const { child, output } = spawnDaemon(['--data', folder, '--port', '0', ...args], env)
    for await (const line of lines(child)) {
      output.push(line)
      const port = /"port":(\d+),.*"msg":"ready"/.exec(line)?.[1]
      if (port !== undefined) {
        child.stdout!.resume()
        return new Daemon(child, Number(port), folder)
      }
    }
    throw new Error(`flin-server did not start:\n${output.join('\n')}`)
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

/** A folder that is gone after the test. */
export function temporaryFolder(context: { after: (job: () => void) => void }): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-test-'))
  context.after(() => {
    fs.rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
