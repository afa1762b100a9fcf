import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../../helpers/daemon.js'
import { EXAMPLE_OPTIONS, writeExampleLog } from '../../helpers/example-log.js'
import { flin, flinProcess, type Ran } from '../../helpers/flin.js'
import { FolderLock } from '../../../segments/lock.js'
import { openKeyspace } from '../../helpers/memory-log.js'
import { expectGolden } from '../../helpers/golden.js'

const FIRST = '00000000000000000000-0000.seg'
const ACTIVE = '00000000000000000004-0000.seg'
const ACTIVE_SIZE = 160
const COMMANDS = ['ls', 'map', 'stats', 'dump', 'verify', 'repair', 'compact'] as const

async function example(t: { after: (job: () => void) => void }): Promise<string> {
  const folder = temporaryFolder(t)
  await writeExampleLog(folder)
  return folder
}

/** Every file of a folder: its bytes, and when it was changed last. */
function stateOf(folder: string): Map<string, string> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return new Map(
    names.map((name) => {
      const file = path.join(folder, name)
      const { mtimeMs, mode } = fs.statSync(file)
      return [name, `${mtimeMs} ${mode} ${fs.statSync(file).isFile() ? fs.readFileSync(file, 'hex') : ''}`]
    }),
  )
}

function flip(folder: string, name: string, at: number): void {
  const file = path.join(folder, name)
  const bytes = fs.readFileSync(file)
  bytes[at]! ^= 1
  fs.writeFileSync(file, bytes)
}

/** What was printed, with the folder's own name taken out. */
function textOf({ code, stdout, stderr }: Ran, folder: string): string {
  return `exit code ${code}\n${stdout}${stderr}`.replaceAll(folder, 'FOLDER')
}

/** Runs `flin log ...` on a folder and compares all that it says with a golden file. */
async function check(name: string, folder: string, command: string, ...args: string[]): Promise<void> {
  expectGolden(name, textOf(await flin('log', command, '--data', folder, ...args), folder))
}

describe('on a stopped folder, nothing of which may change', () => {
  const folder = temporaryFolder({ after })
  let files: Map<string, string>
  before(async () => {
    await writeExampleLog(folder)
    for (const name of fs.readdirSync(folder)) fs.chmodSync(path.join(folder, name), 0o444)
    fs.chmodSync(folder, 0o555)
    files = stateOf(folder)
  })
  const cases: readonly (readonly [golden: string, ...args: string[]])[] = [
    ['ls.txt', 'ls'],
    ['ls-json.txt', 'ls', '--json'],
    ['ls-no-live.txt', 'ls', '--no-live'],
    ['map.txt', 'map', '--ascii'],
    ['map-json.txt', 'map', '--json'],
    ['stats.txt', 'stats'],
    ['stats-json.txt', 'stats', '--json', '--delimiter', 'e', '--depth', '2', '--top', '1'],
    ['dump.txt', 'dump'],
    ['dump-json.txt', 'dump', '--json'],
    ['dump-range.txt', 'dump', '--from', '2', '--to', '3'],
    ['dump-range-json.txt', 'dump', '--from', '1', '--to', '1', '--json'],
    ['dump-first.txt', 'dump', '--to', '0'],
    ['dump-key.txt', 'dump', '--key', 'greeting'],
    ['dump-key-json.txt', 'dump', '--key', 'greeting', '--json', '--value-size', '3'],
    ['dump-nothing.txt', 'dump', '--from', '1000'],
    ['dump-whole-value.txt', 'dump', '--from', '3', '--to', '3', '--value-size', '100'],
    ['verify.txt', 'verify'],
    ['verify-state.txt', 'verify', '--state'],
  ]
  for (const [golden, command, ...args] of cases) {
    test(`flin log ${[command, ...args].join(' ')}`, async () => {
      await check(golden, folder, command!, ...args)
      assert.deepEqual(stateOf(folder), files)
    })
  }
})

describe('on a damaged log', () => {
  test('a torn tail: 1, and repair cuts it and keeps it', async (t) => {
    const folder = await example(t)
    const file = path.join(folder, ACTIVE)
    const bytes = fs.readFileSync(file)
    bytes.write('half a batch', ACTIVE_SIZE)
    fs.writeFileSync(file, bytes)
    const files = stateOf(folder)
    await check('torn-verify.txt', folder, 'verify')
    await check('torn-dump.txt', folder, 'dump', '--from', '4')
    await check('torn-repair-asked.txt', folder, 'repair')
    assert.deepEqual(stateOf(folder), files, 'what was not agreed to has been done')
    await check('torn-repair.txt', folder, 'repair', '--yes')
    await check('torn-repaired-repair.txt', folder, 'repair', '--yes')
    const [kept] = fs.readdirSync(path.join(folder, 'quarantine'))
    assert.equal(fs.readFileSync(path.join(folder, 'quarantine', kept!), 'utf8'), 'half a batch')
  })

  test('a flipped bit in a sealed segment: 4, the offsets by name, and repair goes on without them', async (t) => {
    const folder = await example(t)
    flip(folder, FIRST, 70)
    await check('corrupt-verify.txt', folder, 'verify')
    await check('corrupt-ls.txt', folder, 'ls')
    await check('corrupt-dump.txt', folder, 'dump')
    await check('corrupt-dump-json.txt', folder, 'dump', '--json', '--to', '2')
    await check('corrupt-dump-beyond.txt', folder, 'dump', '--from', '4')
    await check('corrupt-repair-asked.txt', folder, 'repair')
    await check('corrupt-repair.txt', folder, 'repair', '--yes')
    await check('corrupt-repaired-ls.txt', folder, 'ls')
    const { log } = await openKeyspace(folder, { segmentSize: 4096, now: EXAMPLE_OPTIONS.now })
    assert.equal(log.endOffset, 5)
    await log.close()
  })

  test('side files: damaged 1, missing 0; a segment that is missing 4', async (t) => {
    const folder = await example(t)
    const side = FIRST.replace('seg', 'side')
    flip(folder, side, 130)
    await check('side-damaged-verify.txt', folder, 'verify')
    await check('side-damaged-repair.txt', folder, 'repair', '--yes')
    assert.ok(!fs.existsSync(path.join(folder, side)))
    await check('side-missing-verify.txt', folder, 'verify')
    // Read, as nothing tells of it unread: what is damaged is named.
    const bytes = fs.readFileSync(path.join(folder, FIRST))
    flip(folder, FIRST, 100)
    await check('damaged-ls.txt', folder, 'ls')
    await check('damaged-map.txt', folder, 'map')
    fs.writeFileSync(path.join(folder, FIRST), bytes)
    fs.rmSync(path.join(folder, FIRST))
    await check('segment-missing-verify.txt', folder, 'verify')
    await check('segment-missing-repair.txt', folder, 'repair', '--yes')
  })

  test('orphans, and a segment newer than the manifest', async (t) => {
    const folder = await example(t)
    fs.writeFileSync(path.join(folder, 'MANIFEST.tmp'), 'x')
    fs.copyFileSync(path.join(folder, FIRST), path.join(folder, '00000000000000000000-0007.seg'))
    await check('orphans-verify.txt', folder, 'verify')
    await check('orphans-ls.txt', folder, 'ls')
    fs.copyFileSync(path.join(folder, FIRST), path.join(folder, '00000000000000000099-0000.seg'))
    await check('newer-segment-verify.txt', folder, 'verify')
    await check('newer-segment-repair.txt', folder, 'repair', '--yes')
  })

  test('the manifest damaged or gone: 4', async (t) => {
    const folder = await example(t)
    flip(folder, 'MANIFEST', 60)
    for (const command of COMMANDS) await check('manifest-damaged.txt', folder, command)
    fs.rmSync(path.join(folder, 'MANIFEST'))
    for (const command of COMMANDS) await check('manifest-gone.txt', folder, command)
  })
})

describe('compact', () => {
  const SMALL = ['--segment-size', '4kb']

  test('takes out what is dead, all of it when told, and says what has come of it', async (t) => {
    const folder = await example(t)
    await check('compact-nothing.txt', folder, 'compact', ...SMALL)
    await check('compact.txt', folder, 'compact', '--all', ...SMALL)
    await check('compacted-ls.txt', folder, 'ls')
    await check('compacted-verify.txt', folder, 'verify', '--state')
  })

  test('refuses a folder that another process has', async (t) => {
    const folder = await example(t)
    const lock = await FolderLock.take(folder)
    t.after(() => lock.release())
    const files = stateOf(folder)
    const { code, stderr } = await flin('log', 'compact', '--data', folder)
    assert.equal(code, 3, stderr)
    assert.match(stderr, /in use by another process/)
    assert.deepEqual(stateOf(folder), files)
  })

  test('a damaged segment is not touched: 4', async (t) => {
    const folder = await example(t)
    flip(folder, FIRST, 70)
    const { code, stderr } = await flin('log', 'compact', '--all', '--data', folder, ...SMALL)
    assert.equal(code, 4, stderr)
    assert.ok(fs.existsSync(path.join(folder, FIRST)))
  })
})

describe('what is no log, or not to be had', () => {
  test('a folder without a log, or none at all: 2, and none is made', async (t) => {
    const folder = temporaryFolder(t)
    for (const data of [folder, path.join(folder, 'none')]) {
      for (const command of COMMANDS) {
        const ran = await flin('log', command, '--data', data, ...(command === 'repair' ? ['--yes'] : []))
        assert.equal(ran.code, 2, ran.stderr)
        assert.equal(ran.stdout, '')
        assert.match(ran.stderr, /there is no log in this folder/)
      }
    }
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  test('repair of a folder that is in use: 3', async (t) => {
    const folder = await example(t)
    const lock = await FolderLock.take(folder)
    t.after(() => lock.release())
    const files = stateOf(folder)
    const ran = await flin('log', 'repair', '--data', folder, '--yes')
    assert.equal(ran.code, 3)
    assert.match(ran.stderr, /in use by another process/)
    assert.deepEqual(stateOf(folder), files)
  })

  test('options that are wrong: 2', async () => {
    for (const args of [
      ['--from', '-1'],
      ['--from', 'x'],
      ['--to', '1.5'],
      ['--value-size', '99999999999999999999'],
      ['--unknown'],
      ['more'],
    ]) {
      const { code, stderr } = await flin('log', 'dump', ...args)
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, /^error: /)
    }
    for (const args of [
      ['stats', '--depth', '0'],
      ['stats', '--delimiter', ''],
      ['compact', '--segment-size', '1kb'],
    ]) {
      assert.equal((await flin('log', ...args)).code, 2, args.join(' '))
    }
    assert.equal((await flin('log', 'unknown')).code, 2)
    assert.equal((await flin()).code, 2)
  })
})

test('as a process it prints the same and ends with the same codes', async (t) => {
  const folder = await example(t)
  for (const [code, ...args] of [
    [0, 'log', 'dump', '--data', folder],
    [2, 'log', 'ls', '--data', path.join(folder, 'none')],
    [2, 'log', 'dump', '--from', 'x'],
    [0, 'log', '--help'],
    [0, '--version'],
  ] as const) {
    const ran = await flinProcess(...args)
    assert.deepEqual(ran, await flin(...args))
    assert.equal(ran.code, code, args.join(' '))
  }
})

test('help', async () => {
  for (const args of [[], ['log'], ...COMMANDS.map((it) => ['log', it])]) {
    const { code, stdout, stderr } = await flin(...args, '--help')
    assert.deepEqual([code, stderr], [0, ''])
    expectGolden(`help${args.map((it) => `-${it}`).join('')}.txt`, stdout)
  }
  assert.match((await flin('--version')).stdout, /^\d+\.\d+\.\d+\n$/)
})
