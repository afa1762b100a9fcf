import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Daemon, temporaryFolder } from '../../helpers/daemon.js'
import { ROOT } from '../../helpers/fixtures.js'
import { RespClient } from '../../helpers/resp-client.js'
import { until } from '../../helpers/until.js'

const PAGE = fs.readFileSync(path.join(ROOT, 'src/subscriptions/PUBSUB.md'), 'utf8')

/** The program of the page, for a server at this port. */
function program(port: number): string {
  const text = /```js\n(.*?)```/s.exec(PAGE)?.[1] ?? ''
  assert.ok(text.includes('connect(7380)'), 'PUBSUB.md has no program, or one for another port')
  return text.replace('connect(7380)', `connect(${port})`)
}

test('the program of the page is told what was published before it came, and what is published then', async (t) => {
  const daemon = await Daemon.start(temporaryFolder(t))
  const client = await RespClient.connect(daemon.port)
  await client.call('PUBLISH', 'news', 'one\r\ntwo')
  // More than comes in one piece, so that a message is cut between two of them.
  await client.call('PUBLISH', 'news', 'x'.repeat(300_000))

  const file = path.join(temporaryFolder(t), 'program.mjs')
  fs.writeFileSync(file, program(daemon.port))
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = once(child, 'close')
  await until('what was published before', () => output.endsWith('xxx\n') || errors !== '')
  await client.call('PUBLISH', 'news', '')
  await client.call('PUBLISH', 'news', 'live')
  await until('what is published then', () => output.endsWith('live\n') || errors !== '')
  assert.equal(errors, '')
  assert.equal(output, `news 0 one\r\ntwo\nnews 1 ${'x'.repeat(300_000)}\nnews 2 \nnews 3 live\n`)

  client.close()
  await daemon.stop()
  await ended
})
