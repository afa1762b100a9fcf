import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Daemon, runDaemon, temporaryFolder } from '../../helpers/daemon.js'
import { writeExampleLog } from '../../helpers/example-log.js'
import { flin, FLIN_MAIN, run } from '../../helpers/flin.js'
import { needs } from '../../helpers/needs.js'
import { RespClient } from '../../helpers/resp-client.js'

const SMALL = ['--segment-size', '8kb']

/** Fills some segments and returns what each key holds. */
async function fill(client: RespClient, count: number): Promise<Map<string, string>> {
  const values = new Map(Array.from({ length: count }, (_, i) => [`key:${i}`, `=${i}.`.padEnd(900, 'v')] as const))
  await client.pipeline([...values].map(([key, value]) => ['SET', key, value]))
  return values
}

function segmentsIn(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
}

/** Flips one bit in the middle of a value of a segment; returns the number of its key. */
function flipValue(folder: string, name: string): number {
  const file = path.join(folder, name)
  const bytes = fs.readFileSync(file)
  const at = bytes.indexOf('.vvvv')
  const number = Number(bytes.toString('latin1', bytes.lastIndexOf('=', at) + 1, at))
  bytes[at + 100]! ^= 1
  fs.writeFileSync(file, bytes)
  return number
}

test('beside a daemon that writes, nothing looks damaged and nothing is missing', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder, SMALL)
  t.after(() => daemon.stop('SIGKILL'))
  const client = await RespClient.connect(daemon.port)
  await fill(client, 30)
  let isOver = false
  const writing = (async () => {
    for (let i = 0; !isOver; i++) await client.pipeline([['SET', `live:${i % 100}`, 'w'.repeat(300 + (i % 50))]])
  })()
  for (let round = 0; round < 3; round++) {
    const [ls, verify, dump] = await Promise.all([
      flin('log', 'ls', '--data', folder),
      flin('log', 'verify', '--data', folder),
      flin('log', 'dump', '--json', '--data', folder),
    ])
    for (const { code, stdout, stderr } of [ls, verify, dump]) assert.equal(code, 0, stdout + stderr)
    assert.match(verify.stdout, /\nintact\n$/)
    // The side file of a segment that was sealed just now may still be under way; the state stands last on its line.
    assert.doesNotMatch(ls.stdout + verify.stdout, /not part of the log|damaged|missing$/m)
    const offsets = dump.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { offset: number }).offset)
    // Compaction takes what has been overwritten; what has not stays.
    assert.deepEqual(
      offsets.slice(0, 30),
      Array.from({ length: 30 }, (_, i) => i),
    )
    assert.ok(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]!))
  }
  const refused = await flin('log', 'repair', '--data', folder, '--yes')
  assert.equal(refused.code, 3, refused.stderr)
  isOver = true
  await writing
  client.close()
  assert.equal(await daemon.stop(), 0)
})

test('a bit flipped in a sealed segment: verify names it, a daemon that had believed the side file ends with 4', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder, SMALL)
  const client = await RespClient.connect(daemon.port)
  const values = await fill(client, 40)
  client.close()
  assert.equal(await daemon.stop(), 0)
  const [first] = segmentsIn(folder)
  const number = flipValue(folder, first!)
  const { code, stdout } = await flin('log', 'verify', '--data', folder)
  assert.equal(code, 4)
  assert.match(stdout, new RegExp(`${first!}: damaged at position \\d+ \\(\\d+ bytes\\): offsets? ${number} `))

  // With its side file it starts, and serves nothing wrong until it finds out.
  daemon = await Daemon.start(folder, SMALL)
  t.after(() => daemon.stop('SIGKILL'))
  try {
    const reader = await RespClient.connect(daemon.port)
    for (const [name, value] of values) {
      const reply = await reader.call('GET', name)
      if (typeof reply === 'string') assert.equal(reply, value)
      else assert.match((reply as { error: string }).error, /^CORRUPT /)
    }
  } catch (error) {
    assert.match(String(error), /closed|ECONNRE/)
  }
  assert.equal(await daemon.exited(), 4)

  // What has found the damage, check or read, has set the side file aside: without it no daemon starts.
  const refused = await runDaemon(['--data', folder, '--port', '0', ...SMALL])
  assert.equal(refused.code, 4)
  assert.match(refused.output, new RegExp(`${first!} is damaged at position \\d+ .*are lost`))

  // Told to, it serves the rest, and names what is lost.
  daemon = await Daemon.start(folder, [...SMALL, '--serve-damaged'])
  const reader = await RespClient.connect(daemon.port)
  const [, hurtFrom, hurtTo] = /"firstOffset":(\d+),"endOffset":(\d+)/.exec(
    (await daemon.until(/the log is damaged/)).input,
  )!
  for (const [name, value] of values) {
    const number = Number(name.slice(4))
    const isHurt = number >= Number(hurtFrom) && number < Number(hurtTo)
    const reply = await reader.call('GET', name)
    if (isHurt) assert.match((reply as { error: string }).error, /^CORRUPT /)
    else assert.equal(reply, value, name)
  }
  assert.match(((await reader.call('SET', 'a', 'b')) as { error: string }).error, /read/i)
  reader.close()
  assert.equal(await daemon.stop(), 0)
})

test('a read that meets damage after the check has passed ends the daemon with 4, and is answered with an error', async (t) => {
  const folder = temporaryFolder(t)
  let daemon = await Daemon.start(folder, SMALL)
  let client = await RespClient.connect(daemon.port)
  await fill(client, 40)
  client.close()
  assert.equal(await daemon.stop(), 0)
  const segments = segmentsIn(folder)
  daemon = await Daemon.start(folder, [...SMALL, '--log-level', 'debug'])
  t.after(() => daemon.stop('SIGKILL'))
  for (const name of segments.slice(0, -1)) await daemon.until(new RegExp(`"segment":"${name}","msg":"verified"`))
  const number = flipValue(folder, segments[1]!)
  client = await RespClient.connect(daemon.port)
  const reply = await client.call('GET', `key:${number}`).catch(() => 'closed')
  if (reply !== 'closed')
    assert.match((reply as { error: string }).error, new RegExp(`^CORRUPT segment ${segments[1]!} is damaged`))
  assert.equal(await daemon.exited(), 4)
})

test('a reader that has seen enough ends a dump without a complaint', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await Daemon.start(folder, SMALL)
  const client = await RespClient.connect(daemon.port)
  await fill(client, 400)
  client.close()
  await daemon.stop()
  const child = spawn(process.execPath, [FLIN_MAIN, 'log', 'dump', '--data', folder, '--value-size', '900'])
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = (await once(child, 'close')) as [number | null]
  assert.deepEqual([code, stderr], [0, ''])
})

test('progress is shown on a terminal, and nowhere else', needs('script'), async (t) => {
  const folder = temporaryFolder(t)
  await writeExampleLog(folder)
  const piped = await flin('log', 'verify', '--data', folder)
  assert.equal(piped.stderr, '')
  assert.ok(!piped.stdout.includes('\r'))
  const command = [process.execPath, FLIN_MAIN, 'log', 'verify', '--data', folder].join(' ')
  const { code, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  assert.equal(code, 0)
  const shown = stdout.split('\r\u001b[K')
  assert.match(shown[1]!, /^\d+% {2}0{20}-0000\.seg {2}\d+ MB\/s$/)
  assert.match(shown[3]!, /^100% {2}0{19}4-0000\.seg {2}\d+ MB\/s$/)
  assert.ok(stdout.endsWith('intact\r\n'))
})
