import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { FLIN_VERSION } from '../../src/version.js'
import { Daemon, MAIN, runDaemon, temporaryFolder } from '../helpers/daemon.js'
import { freePort } from '../helpers/redis-server.js'
import { frame, OK, RespClient, type Reply } from '../helpers/resp-client.js'

/** The end of a daemon that cannot go on: its code, and a sentence that says what to do. */
function ends({ code, output }: { code: number | null; output: string }, expected: number, ...words: string[]): void {
  assert.equal(code, expected, output)
  for (const word of words) assert.ok(output.includes(word), `no '${word}' in: ${output}`)
  assert.ok(!output.includes('unforeseen'), output)
}

async function started(t: TestContext, folder: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const daemon = await Daemon.start(folder, args, env)
  t.after(() => daemon.stop('SIGKILL'))
  return daemon
}

test('--help and --version', async () => {
  const help = await runDaemon(['--help'])
  ends(help, 0, 'Usage: flin-server', '--segment-size', '[FLIN_SEGMENT_SIZE]', '--config')
  const version = await runDaemon(['--version'])
  assert.deepEqual(version, { code: 0, output: `${FLIN_VERSION}\n` })
})

test('bad settings: 2', async (t) => {
  const folder = temporaryFolder(t)
  ends(await runDaemon(['--data', folder, '--port', 'x']), 2, 'port', '--help')
  ends(await runDaemon(['--data', folder, '--nonsense']), 2, '--nonsense')
  ends(await runDaemon(['--data', folder, 'nonsense']), 2, 'argument')
  ends(await runDaemon(['--data', folder, '--memory']), 2, '--data', 'beside --memory')
  ends(await runDaemon(['--data', folder], { FLIN_FSYNC: 'sometimes' }), 2, 'FLIN_FSYNC takes', 'everysec')
  ends(await runDaemon(['--data', folder], { FLIN_FSYCN: 'no' }), 2, 'FLIN_FSYCN is no setting: FLIN_FSYNC is')
  ends(await runDaemon(['--data', folder, '--config', path.join(folder, 'none')]), 2, 'settings file')
  ends(await runDaemon(['--data', folder, '--port', '0', '--host', '192.0.2.1']), 2, '192.0.2.1', '--help')
  assert.equal((await runDaemon(['--port'])).code, 2)
})

test('a folder that another daemon owns: 3, and the owner is not disturbed', async (t) => {
  const folder = temporaryFolder(t)
  const owner = await started(t, folder)
  ends(await runDaemon(['--data', folder, '--port', '0']), 3, folder, '--data')
  const client = await RespClient.connect(owner.port)
  assert.deepEqual(await client.call('SET', 'a', '1'), OK)
  client.close()
})

test('a log that is corrupt: 4', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await started(t, folder)
  await daemon.stop()
  const file = path.join(folder, 'MANIFEST')
  const bytes = fs.readFileSync(file)
  bytes[bytes.length >> 1]! ^= 1
  fs.writeFileSync(file, bytes)
  ends(await runDaemon(['--data', folder, '--port', '0']), 4, 'MANIFEST', 'flin log verify')
})

test('a file where the folder should be, or above it: 2', async (t) => {
  const file = path.join(temporaryFolder(t), 'file')
  fs.writeFileSync(file, '')
  for (const data of [file, path.join(file, 'data')]) {
    ends(await runDaemon(['--data', data, '--port', '0']), 2, data, 'no folder')
  }
})

test('a disk that says no at the start: 5', async (t) => {
  const folder = temporaryFolder(t)
  const taken = path.join(folder, 'taken')
  fs.mkdirSync(path.join(taken, 'MANIFEST'), { recursive: true })
  ends(await runDaemon(['--data', taken, '--port', '0']), 5, taken, 'disk')
})

test('a disk that fails under a running daemon: 5, and nothing is acknowledged that is not there', async (t) => {
  const folder = temporaryFolder(t)
  const port = await freePort()
  // No file may be longer than 1,024 blocks, of 512 or 1,024 bytes: the segment that the large value needs is.
  const command = `ulimit -f 1024; exec "$0" "$@"`
  const args = [process.execPath, MAIN, '--data', folder, '--port', String(port), '--segment-size', '64kb']
  const child = spawn('sh', ['-c', command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  const ready = new Promise<void>((resolve) =>
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('"ready"')) resolve()
    }),
  )
  await Promise.race([ready, once(child, 'exit')])
  const client = await RespClient.connect(port)
  assert.deepEqual(await client.call('SET', 'small', 'value'), OK)
  const closed = once(child, 'close')
  client.send(frame(['SET', 'large', 'v'.repeat(3 << 20)]))
  assert.deepEqual(await client.readUntilClosed(), [])
  const [code] = (await closed) as [number | null]
  ends({ code, output }, 5, 'disk')

  const daemon = await started(t, folder)
  const again = await RespClient.connect(daemon.port)
  assert.deepEqual(await again.call('MGET', 'small', 'large'), ['value', null])
  again.close()
})

test('a port that is taken: 6', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const folder = temporaryFolder(t)
  ends(await runDaemon(['--data', folder, '--port', String(port)]), 6, String(port), '--port')
  // Nothing of the failed start stays in the way.
  await started(t, folder)
})

for (const cause of ['SIGTERM', 'SIGINT', 'SHUTDOWN', 'SHUTDOWN NOSAVE'] as const) {
  test(`${cause} under load finishes what is in flight: 0`, async (t) => {
    const folder = temporaryFolder(t)
    const daemon = await started(t, folder, ['--segment-size', '64kb'])
    // Each of them always has requests under way, so the daemon is never idle.
    const clients = await Promise.all(Array.from({ length: 4 }, () => RespClient.connect(daemon.port)))
    const counts = clients.map(() => 0)
    const running = clients.map(async (client, i) => {
      const bytes = Buffer.concat(Array.from({ length: 50 }, () => frame(['INCR', `counter:${i}`])))
      try {
        for (;;) {
          client.send(bytes)
          counts[i] = (await client.readMany(50)).at(-1) as number
        }
      } catch {
        // Replies that came with the end count as well.
        counts[i] = lastNumber(await client.readUntilClosed(), counts[i]!)
      }
    })
    const control = await RespClient.connect(daemon.port)
    while (counts.some((count) => count < 100)) await control.call('PING')
    const exited = daemon.exited()
    if (cause === 'SIGTERM' || cause === 'SIGINT') daemon.process.kill(cause)
    else control.send(frame(cause.split(' ')))
    // A second one changes nothing.
    daemon.process.kill('SIGTERM')
    assert.equal(await exited, 0, daemon.output.join(''))
    await Promise.all(running)
    control.close()

    const next = await started(t, folder)
    const client = await RespClient.connect(next.port)
    const found = (await client.call('MGET', ...clients.map((_, i) => `counter:${i}`))) as string[]
    client.close()
    found.forEach((value, i) => {
      assert.ok(Number(value) >= counts[i]!, `${counts[i]!} was acknowledged, ${value} is there`)
    })
  })
}

function lastNumber(replies: Reply[], before: number): number {
  const last = replies.at(-1)
  return typeof last === 'number' ? last : before
}

test('SIGTERM sends the replies of what has run, and the end behind them', async (t) => {
  const folder = temporaryFolder(t)
  const daemon = await started(t, folder)
  const client = await RespClient.connect(daemon.port)
  await client.call('SET', 'a', '1')
  const exited = daemon.exited()
  client.send(Buffer.concat([...Array.from({ length: 1000 }, () => frame(['INCR', 'a'])), frame(['SHUTDOWN'])]))
  const replies = await client.readUntilClosed()
  assert.deepEqual(
    replies,
    Array.from({ length: 1000 }, (_, i) => i + 2),
  )
  assert.equal(await exited, 0)
})

test('settings: command line over environment over file', async (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'flin.json')
  const settings = { nodeId: 'from-file', clientsMax: 77, fsync: 'no', segmentSize: '64kb', logLevel: 'debug' }
  fs.writeFileSync(file, JSON.stringify(settings))
  const env = { FLIN_CLIENTS_MAX: '88', FLIN_FSYNC: 'everysec', FLIN_CONFIG: path.join(folder, 'none') }
  const port = await freePort()
  const args = ['--config', file, '--fsync', 'always', `--port=:${port}`]
  const daemon = await started(t, path.join(folder, 'data'), args, { ...env, FLIN_SERVICE_HOST: '10.0.0.1' })
  assert.equal(daemon.port, port)
  await daemon.until(/"level":40,.*"variable":"FLIN_SERVICE_HOST"/)
  const client = await RespClient.connect(daemon.port)
  const info = (await client.call('INFO')) as string
  client.close()
  for (const line of ['node_id:from-file', 'maxclients:88', 'fsync:always', `tcp_port:${port}`]) {
    assert.ok(info.includes(`${line}\r\n`), `${line} in ${info}`)
  }
})

test('--memory keeps nothing on disk, and each start is a new log', async (t) => {
  const folder = path.join(temporaryFolder(t), 'none')
  const ids = new Set<string>()
  for (const args of [['--memory'], ['--memory', '64mb']]) {
    const daemon = await started(t, folder, args)
    const client = await RespClient.connect(daemon.port)
    assert.equal(await client.call('GET', 'a'), null)
    assert.deepEqual(await client.call('SET', 'a', '1'), OK)
    assert.equal(await client.call('GET', 'a'), '1')
    ids.add(/log_id:(\w+)/.exec((await client.call('INFO')) as string)![1]!)
    client.close()
    assert.equal(await daemon.stop(), 0)
  }
  assert.equal(ids.size, 2)
  assert.ok(!fs.existsSync(folder))
})
