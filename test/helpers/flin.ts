import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runFlin } from '../../tools/program.js'

export const FLIN_MAIN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../tools/main.js')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What stands in the environment of the tool, whatever it is of the tests. */
const COLUMNS = { COLUMNS: '100' }

/** Keeps what is printed. */
class Kept extends Writable {
  readonly #chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    done()
  }

  override toString(): string {
    return Buffer.concat(this.#chunks).toString()
  }
}

/** Runs the tool `flin` until it is done, in this process: a process of its own takes many times as long, to start. */
export async function flin(...args: string[]): Promise<Ran> {
  const [stdout, stderr] = [new Kept(), new Kept()]
  const code = await runFlin(args, { stdout, stderr, env: { ...process.env, ...COLUMNS } })
  return { code, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Runs the tool `flin` in a process of its own until it ends, as its users do. */
export async function flinProcess(...args: string[]): Promise<Ran> {
  return run(process.execPath, [FLIN_MAIN, ...args])
}

/** Runs a program until it ends. */
export async function run(program: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...COLUMNS } })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}
