import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { cases } from './cases.js'
import { deliver, type Outcome } from './deliver.js'

/*
 * The same bytes to a real Redis. Requests are of unknown commands: Redis then names the arguments it has understood.
 */

const isMissing = spawnSync('redis-server', ['--version']).status !== 0
const skip = isMissing ? 'NOT COMPARED WITH REDIS: no redis-server on PATH' : false

class Redis {
  readonly socketPath: string
  readonly #process: ChildProcess

  constructor(folder: string, name: string, settings: string[]) {
    this.socketPath = path.join(folder, name)
    const basics = ['--port', '0', '--unixsocket', this.socketPath, '--save', '', '--appendonly', 'no', '--dir', folder]
    this.#process = spawn('redis-server', [...basics, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async ready(): Promise<void> {
    for await (const text of this.#process.stdout!.setEncoding('latin1')) {
      if (String(text).includes('accept connections')) break
    }
    this.#process.stdout!.resume()
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }

  /** All that comes back for `input` until the connection ends. */
  send(input: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.socketPath)
      let output = ''
      socket.setEncoding('latin1')
      socket.on('data', (text) => (output += String(text)))
      // Redis may close while more is on its way to it.
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error)
      })
      socket.on('close', () => {
        resolve(output)
      })
      socket.end(input)
    })
  }
}

/** What Redis answers when it reads what Flin has read. */
function replies({ requests, error }: Outcome): string {
  const lines = requests.map(([name, ...args]) => {
    let given = ''
    for (const arg of args) {
      if (given.length >= 128) break
      given += `'${arg.slice(0, 128 - given.length)}' `
    }
    return `unknown command '${name!.slice(0, 128)}', with args beginning with: ${given}`
  })
  if (error !== null) lines.push(error)
  return lines.map((line) => `-ERR ${line.replace(/[\r\n]/g, ' ')}\r\n`).join('')
}

suite('Redis reads the same', { skip }, () => {
  let folder: string
  let open: Redis
  let locked: Redis

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'flin-resp-'))
    open = new Redis(folder, 'open', [])
    locked = new Redis(folder, 'locked', ['--requirepass', 'secret'])
    await Promise.all([open.ready(), locked.ready()])
  })

  after(async () => {
    await Promise.all([open.stop(), locked.stop()])
    rmSync(folder, { recursive: true })
  })

  for (const it of cases) {
    // Commands that Redis knows answer otherwise; limits of ours are none of Redis's.
    if (it.limits !== undefined || it.unlikeRedis !== undefined) continue
    test(it.name, async () => {
      const input = Buffer.from(it.input.replace(/ping/gi, 'gnip').replace('echo', 'ohce'), 'latin1')
      const redis = it.isUnauthenticated === undefined ? open : locked
      const outcome = deliver(input, [], {}, it.isUnauthenticated === undefined)
      assert.equal(await redis.send(input), replies(outcome))
      assert.equal(outcome.error, it.error ?? null)
    })
  }

  const fragment = (choices: string[]): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom(...choices), { maxLength: 14 }).map((parts) => parts.join(''))

  test('lines with quotes', async () => {
    const line = fragment(['"', "'", '\\', ' ', 'a', 'x', '4', 'F', 'n', '\t', '\x0b', '\r', '\\x4', '" ', "' "])
    const inputs = fc
      .array(line, { minLength: 1, maxLength: 3 })
      .map((lines) => lines.map((it) => `foo ${it}\r\n`).join(''))
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const bytes = Buffer.from(input, 'latin1')
        assert.equal(await open.send(bytes), replies(deliver(bytes, [])))
      }),
      { numRuns: 400 },
    )
  })

  test('multibulks that are nearly right', async () => {
    const heads = ['*1\r\n', '*2\r\n', '$1\r\nq\r\n', '$0\r\n\r\n', '$3\r\nfoo\r\n']
    const parts = ['*', '$', '\r', '\n', '\r\n', '-', '1', '2', '0', 'q', ' ']
    const input = fragment([...heads, ...heads, ...heads, ...parts])
    await fc.assert(
      fc.asyncProperty(input, async (text) => {
        const bytes = Buffer.from(text, 'latin1')
        assert.equal(await open.send(bytes), replies(deliver(bytes, [])))
      }),
      { numRuns: 600 },
    )
  })
})
