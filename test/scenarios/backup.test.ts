import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Log, restoreFolder } from '../../segments/index.js'
import { stateDigest } from '../../src/models/digest.js'
import { Keyspace } from '../../src/models/keyspace.js'
import { Daemon, temporaryFolder } from '../helpers/daemon.js'
import { flin, FLIN_MAIN } from '../helpers/flin.js'
import { Random } from '../helpers/random.js'
import { RespClient } from '../helpers/resp-client.js'
import { until } from '../helpers/until.js'
import { versionsIn, VersionedWriter, type Versions } from '../helpers/versioned-writer.js'

/*
 * Backups beside a daemon that writes and compacts.
 *
 *   FLIN_BACKUP_KILLS=200      how often `flin backup` is killed on its way
 *   FLIN_BACKUP_KILLS_SEED=1   when, as far as that depends on chance
 */
const KILLS = Number(process.env['FLIN_BACKUP_KILLS'] ?? 3)
const SEED = Number(process.env['FLIN_BACKUP_KILLS_SEED'] ?? 1)

/** Segments that are sealed and rewritten all the time. */
const SMALL = ['--segment-size', '32kb', '--fsync', 'everysec', '--compaction-rate', '0']
const VALUE_SIZE = 500

interface Backup {
  endOffset: number
  segmentCount: number
  kept: { count: number }
  copied: { count: number }
}

interface Stage {
  readonly folder: string
  readonly daemon: Daemon
  readonly writer: VersionedWriter
  readonly data: string
  readonly to: string
}

async function stage(t: Parameters<typeof temporaryFolder>[0]): Promise<Stage> {
  const folder = temporaryFolder(t)
  const data = path.join(folder, 'data')
  const daemon = await Daemon.start(data, SMALL)
  const writer = await VersionedWriter.start(daemon.port, VALUE_SIZE)
  await until('something is written', () => writer.writeCount > 400)
  return { folder, daemon, writer, data, to: path.join(folder, 'backup') }
}

async function backup({ data, to }: Stage): Promise<Backup> {
  const { code, stdout, stderr } = await flin('backup', '--data', data, '--to', to, '--json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Backup
}

/** Makes a log of the backup and starts a daemon on it: what it holds must lie between two states. */
async function checkRestored({ folder, to }: Stage, atLeast: Versions, atMost: Versions): Promise<void> {
  const into = path.join(folder, 'restored')
  await restoreFolder(to, into)
  const daemon = await Daemon.start(into, SMALL)
  const found = await versionsIn(daemon.port)
  found.forEach((version, key) => {
    assert.ok(version >= atLeast[key]! && version <= atMost[key]!, `${atLeast[key]!} <= ${version} <= ${atMost[key]!}`)
  })
  assert.equal(await daemon.stop(), 0)
  fs.rmSync(into, { recursive: true })
}

async function digestOf(folder: string, readOnly: boolean): Promise<string> {
  const log = await Log.open(folder, { readOnly })
  const keyspace = new Keyspace(log)
  keyspace.now = log.now()
  await log.replay((record) => keyspace.replay(record))
  const digest = await stateDigest(keyspace)
  await log.close()
  return digest
}

test('a backup beside a daemon that writes and compacts holds all that was acknowledged before it began', async (t) => {
  const it = await stage(t)
  for (let round = 0; round < 2; round++) {
    const atLeast = it.writer.acknowledged
    const { endOffset } = await backup(it)
    await checkRestored(it, atLeast, it.writer.sent)
    assert.ok(endOffset > 0)
  }
  await it.writer.stop()
  // At rest, all is there; and a restored log gives the same state as the backup itself and the log that it is of.
  const { endOffset } = await backup(it)
  await checkRestored(it, it.writer.acknowledged, it.writer.acknowledged)
  assert.equal(await it.daemon.stop(), 0)
  const verified = await flin('log', 'verify', '--data', it.to)
  assert.match(verified.stdout, /\nintact\n$/)
  const into = path.join(it.folder, 'again')
  assert.equal((await flin('restore', '--from', it.to, '--to', into)).code, 0)
  const digest = await digestOf(it.to, true)
  assert.equal(await digestOf(into, false), digest)
  assert.equal(await digestOf(it.data, false), digest)
  // On the stopped folder, too.
  assert.equal((await backup(it)).endOffset, endOffset)
  // A daemon would go on in it: it says what to do instead.
  await assert.rejects(Daemon.start(it.to, SMALL), /this folder is a backup.*flin restore/)
})

test('what a backup has already is not touched', async (t) => {
  const it = await stage(t)
  await it.writer.stop()
  const client = await RespClient.connect(it.daemon.port)
  await client.call('CONFIG', 'SET', 'compaction-rate', '1kb') // what is sealed stays as it is
  await client.pipeline(Array.from({ length: 200 }, (_, i) => ['SET', `cold:${i}`, 'c'.repeat(VALUE_SIZE)]))
  await backup(it)
  const stateOf = (): Map<string, string> =>
    new Map(
      fs.readdirSync(it.to).map((name) => {
        const { ino, mtimeMs } = fs.statSync(path.join(it.to, name))
        return [name, `${ino} ${mtimeMs}`]
      }),
    )
  const before = stateOf()
  await client.pipeline(Array.from({ length: 100 }, (_, i) => ['SET', `more:${i}`, 'm'.repeat(VALUE_SIZE)]))
  client.close()
  const { kept, copied, segmentCount } = await backup(it)
  assert.ok(kept.count >= 2, JSON.stringify(kept))
  assert.equal(kept.count + copied.count, segmentCount)
  const after = stateOf()
  const same = [...before].filter(([name, state]) => name.endsWith('.seg') && after.get(name) === state)
  assert.equal(same.length, kept.count)
  assert.ok(![...after.keys()].some((name) => name.endsWith('.tmp') || name === 'LOCK'))
})

test('kill -9 of flin backup at any time: the former backup is there, or the new one', async (t) => {
  const random = new Random(SEED)
  const it = await stage(t)
  let atLeast = it.writer.acknowledged
  const began = performance.now()
  await backup(it)
  const tookMs = performance.now() - began
  let killed = 0
  for (let i = 0; i < KILLS; i++) {
    const before = it.writer.acknowledged
    // Paced, so that there is time to be killed in; with some starts of a new backup among them.
    if (random.chance(0.2)) fs.rmSync(it.to, { recursive: true, force: true })
    const isFirst = !fs.existsSync(it.to)
    const args = ['backup', '--data', it.data, '--to', it.to, '--rate', '400kb']
    const child = spawn(process.execPath, [FLIN_MAIN, ...args], { stdio: 'ignore' })
    const timer = setTimeout(() => child.kill('SIGKILL'), random.below(tookMs * 1.5))
    const [code] = (await once(child, 'exit')) as [number | null]
    clearTimeout(timer)
    if (code === null) killed++
    else assert.equal(code, 0)
    if (code === 0) atLeast = before
    if (isFirst && code === null) {
      await backup(it)
      atLeast = before
    }
    await checkRestored(it, atLeast, it.writer.sent)
  }
  assert.ok(KILLS < 10 || killed > 0)
  await it.writer.stop()
  await backup(it)
  await checkRestored(it, it.writer.acknowledged, it.writer.acknowledged)
  t.diagnostic(`${killed} of ${KILLS} were killed on their way, ${it.writer.writeCount} writes`)
})
