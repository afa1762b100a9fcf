import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { FolderLock } from '../../../segments/lock.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { writeExampleLog } from '../../helpers/example-log.js'
import { flin, FLIN_MAIN, run, type Ran } from '../../helpers/flin.js'
import { expectGolden } from '../../helpers/golden.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { needs } from '../../helpers/needs.js'

const FIRST = '00000000000000000000-0000.seg'

interface Place {
  readonly data: string
  readonly to: string
}

async function example(t: { after: (job: () => Promise<void>) => void }): Promise<Place> {
  const folder = temporaryFolder(t)
  const place = { data: path.join(folder, 'data'), to: path.join(folder, 'backup') }
  await writeExampleLog(place.data)
  return place
}

function backup({ data, to }: Place, ...more: string[]): Promise<Ran> {
  return flin('backup', '--data', data, '--to', to, ...more)
}

/** What was printed without what is never the same. */
function textOf({ code, stdout, stderr }: Ran, { data, to }: Place): string {
  return `exit code ${code}\n${stdout}${stderr}`
    .replaceAll(data, 'DATA')
    .replaceAll(to, 'BACKUP')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]*Z/g, 'TIME')
    .replace(/\d+ MB\/s/g, 'N MB/s')
    .replace(/"tookMs":\d+/, '"tookMs":N')
}

test('a folder is no backup of itself, nor a restore, by whatever name', async (t) => {
  const place = await example(t)
  const other = `${place.data}-link`
  fs.symlinkSync(place.data, other)
  const lock = await FolderLock.take(place.data)
  for (const to of [place.data, other]) {
    const { code, stderr } = await backup({ data: place.data, to })
    assert.equal(code, 2, stderr)
    assert.match(stderr, /is the folder .* itself: choose another one to write to/)
  }
  await lock.release()
  assert.equal((await backup(place)).code, 0)
  const restored = await flin('restore', '--from', place.to, '--to', place.to)
  assert.match(restored.stderr, /is the folder .* itself/)
})

describe('flin backup and flin restore', () => {
  test('a backup, the next one, and a log made of it', async (t) => {
    const place = await example(t)
    expectGolden('backup-first.txt', textOf(await backup(place), place))
    expectGolden('backup-second.txt', textOf(await backup(place, '--verify', '--rate', '1gb'), place))
    expectGolden('backup-json.txt', textOf(await backup(place, '--json'), place))
    expectGolden('backup-ls.txt', textOf(await flin('log', 'ls', '--data', place.to), place))
    const into = path.join(place.data, '../restored')
    const ran = await flin('restore', '--from', place.to, '--to', into)
    expectGolden('restore.txt', textOf(ran, place).replace(/above \d+/, 'above N'))
    const { log } = await openKeyspace(into, { segmentSize: 4096 })
    assert.equal(log.endOffset, 5)
    await log.close()
  })

  test('a damaged log has no backup: 4, and the former one stays', async (t) => {
    const place = await example(t)
    await backup(place)
    const manifest = fs.readFileSync(path.join(place.to, 'MANIFEST'))
    fs.rmSync(path.join(place.to, FIRST)) // so that it has to be copied
    const file = path.join(place.data, FIRST)
    const bytes = fs.readFileSync(file)
    bytes[70]! ^= 1
    fs.writeFileSync(file, bytes)
    expectGolden('backup-damaged.txt', textOf(await backup(place), place))
    assert.deepEqual(fs.readFileSync(path.join(place.to, 'MANIFEST')), manifest)
  })

  test('a damaged backup is no log: 4, and none is made', async (t) => {
    const place = await example(t)
    await backup(place)
    const file = path.join(place.to, FIRST)
    const bytes = fs.readFileSync(file)
    bytes[70]! ^= 1
    fs.writeFileSync(file, bytes)
    const into = path.join(place.data, '../restored')
    expectGolden('restore-damaged.txt', textOf(await flin('restore', '--from', place.to, '--to', into), place))
    assert.ok(!fs.existsSync(path.join(into, 'MANIFEST')))
    assert.equal((await flin('log', 'verify', '--data', place.to)).code, 4)
  })

  test('two at once: 3', async (t) => {
    const place = await example(t)
    const lock = await FolderLock.take(place.to)
    t.after(() => lock.release())
    const ran = await backup(place)
    assert.equal(ran.code, 3)
    assert.match(ran.stderr, /in use by another process/)
    assert.equal((await flin('restore', '--from', place.data, '--to', place.to)).code, 2)
  })

  test('folders that are not for it: 2, and nothing in them changes', async (t) => {
    const place = await example(t)
    const full = path.join(place.data, '../full')
    fs.mkdirSync(full)
    fs.writeFileSync(path.join(full, 'letter.txt'), 'x')
    const none = path.join(place.data, '../none')
    const cases: readonly (readonly [why: RegExp, ...args: string[]])[] = [
      [/not empty/, 'backup', '--data', place.data, '--to', full],
      [/is the folder .* itself/, 'backup', '--data', place.data, '--to', place.data],
      [/there is no log/, 'backup', '--data', none, '--to', place.to],
      [/holds a log, and no backup/, 'restore', '--from', place.data, '--to', none],
      [/there is no log/, 'restore', '--from', none, '--to', none],
      [/required option '--to/, 'backup', '--data', place.data],
      [/It must be a size/, 'backup', '--data', place.data, '--to', none, '--rate', 'fast'],
    ]
    for (const [why, ...args] of cases) {
      const { code, stdout, stderr } = await flin(...args)
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
      assert.match(stderr, why)
    }
    await backup(place)
    const refused = await flin('restore', '--from', place.to, '--to', full)
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /is not empty/)
    assert.deepEqual(fs.readdirSync(full), ['letter.txt'])
    assert.ok(!fs.existsSync(none))
  })

  test('progress is shown on a terminal', needs('script'), async (t) => {
    const place = await example(t)
    const command = [process.execPath, FLIN_MAIN, 'backup', '--data', place.data, '--to', place.to].join(' ')
    const { code, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null'])
    assert.equal(code, 0)
    assert.match(stdout.split('\r\u001b[K')[1]!, /^\d+% {2}0{20}-0000\.seg {2}\d+ MB\/s$/)
  })
})

test('help', async () => {
  for (const name of ['backup', 'restore']) {
    const { code, stdout, stderr } = await flin(name, '--help')
    assert.deepEqual([code, stderr], [0, ''])
    expectGolden(`help-${name}.txt`, stdout)
  }
})
