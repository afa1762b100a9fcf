import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The main file of flin-server. */
export const MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/main.js')

const running = new Set<Daemon>()

/** A flin-server of its own process on a free port. */
export class Daemon {
  readonly process: ChildProcess
  readonly port: number
  readonly folder: string
  readonly #output: Lines

  private constructor(process: ChildProcess, port: number, folder: string, output: Lines) {
    this.process = process
    this.port = port
    this.folder = folder
    this.#output = output
  }

  /** The first line of its log that matches, once it is there. Rejects when the daemon ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#output.until(pattern)
  }

  /** What it has logged, so far. */
  get output(): readonly string[] {
    return this.#output.lines
  }

  /** Waits until it has ended by itself; its exit code, null when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
    return this.process.exitCode
  }

  /** Starts it and waits until it listens. With --memory it is told of the folder only as of one that is not used. */
  static async start(folder: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    const place = args.includes('--memory') ? [] : ['--data', folder]
    const child = spawnDaemon([...place, '--port', '0', ...args], { FLIN_DATA: folder, ...env })
    const output = new Lines(child)
    const [, port] = await output.until(/"port":(\d+),.*"msg":"ready"/)
    const daemon = new Daemon(child, Number(port), folder, output)
    running.add(daemon)
    child.once('exit', () => running.delete(daemon))
    return daemon
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

/** Runs flin-server until it ends by itself. */
export async function runDaemon(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawnDaemon(args, env)
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: Buffer.concat(chunks).toString() }
}

function spawnDaemon(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
}

/** The lines that a process prints, kept, so that one can be awaited whenever it comes. */
class Lines {
  readonly lines: string[] = []
  #rest = ''
  #isOver = false
  #tell: () => void = () => undefined
  #changed = this.#nextChange()

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        const parts = (this.#rest + chunk.toString()).split('\n')
        this.#rest = parts.pop()!
        this.lines.push(...parts)
        this.#change()
      })
    }
    child.on('close', () => {
      this.#isOver = true
      this.#change()
    })
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => (this.#tell = resolve))
  }

  #change(): void {
    const tell = this.#tell
    this.#changed = this.#nextChange()
    tell()
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line)
        if (match !== null) return match
      }
      if (this.#isOver) {
        throw new Error(`flin-server ended before it said ${pattern.source}:\n${this.lines.join('\n')}`)
      }
      await this.#changed
    }
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
