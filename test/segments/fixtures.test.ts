import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { MANIFEST_VERSION } from '../../segments/manifest.js'
import { NodeDisk } from '../../segments/node-disk.js'
import { verifyLog } from '../../segments/verify.js'
import { temporaryFolder } from '../helpers/daemon.js'
import { EXAMPLE_OPTIONS } from '../helpers/example-log.js'
import { ANSWERS, openExampleObjects } from '../helpers/example-objects.js'
import { FIXTURES } from '../helpers/fixtures.js'
import type { CommandLog } from '../helpers/command-log.js'
import { LogSession } from '../helpers/log-session.js'

/** What was committed, once and for all: whoever changes a fixture has not read its README. */
const SHA256: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'format-1': {
    '00000000000000000000-0000.seg': 'd31f983622c2f135dcb1edacb9805fc6f8ff78605c95742e1cd4eb44c054bef2',
    '00000000000000000000-0000.side': '43dc640680bf7123747283f3e5a2360abe50bf8e7ea206db4f5d2117e25675cf',
    '00000000000000000003-0000.seg': 'faa7616f88927671b4101af3af24f9eac1e3297662972f526679e2a5d72ab3f1',
    '00000000000000000003-0000.side': '4956101c5dfe77875b57783fa292361e3874a2e30956f18623cca323e79f4d30',
    '00000000000000000004-0000.seg': 'fb19ad39bd4a05ec6754c7a0015793f87decc40447a296a8557b285ec8cad5cf',
    MANIFEST: 'b5f339bc53740b9dae45e9ecdd696444c82338f112e37e07131b1602e5e6afea',
  },
  'format-2': {
    '00000000000000000000-0000.seg': 'cb3e87e3dfdc569eab5e1569596be419864a8d6900b5983879ef06ad9e3e0122',
    '00000000000000000000-0000.side': '7ec945d4f5266987af5d7335013b35c52946c9fa08ec0391664c43710f1f1428',
    '00000000000000000035-0000.seg': '4c652198000ebb489ca4713792d9d7a5914fe47ecb2f04c4c7b041e5a27dbca9',
    '00000000000000000035-0000.side': '83f6880bbe1af77ac7045611be249860554a034816cd49e2e10a36f81a120ce2',
    '00000000000000000036-0000.seg': '9271d62c5226f5ff33a8c3c15ca729c53858a50a3a8c49349b3b35c208284c3f',
    MANIFEST: 'd0115a7b9721e34f87fb143160831fd0a5ac55c9e9f75eefbbeb88300f50f51c',
  },
}

/** A copy that may be written to. */
function copyOf(fixture: string, t: TestContext): string {
  const folder = temporaryFolder(t)
  fs.cpSync(path.join(FIXTURES, fixture), folder, { recursive: true })
  return folder
}

async function open(folder: string): Promise<LogSession> {
  return LogSession.open(new NodeDisk(folder), EXAMPLE_OPTIONS)
}

async function assertExample(session: LogSession): Promise<void> {
  assert.deepEqual(await session.keys(), ['big', 'greeting'])
  assert.deepEqual(await session.read('big'), { value: Buffer.alloc(5000, 'x'), expireAt: 0, offset: 3 })
  assert.deepEqual(await session.read('greeting'), {
    value: Buffer.from('h\xe9\n', 'latin1'),
    expireAt: 0,
    offset: 4,
  })
  assert.equal(await session.read('other'), null)
  assert.equal(session.log.endOffset, 5)
}

test('there is a fixture of every version of the format, and none has been touched', () => {
  const folders = fs.readdirSync(FIXTURES).filter((name) => name.startsWith('format-'))
  assert.deepEqual(
    folders.sort(),
    Array.from({ length: MANIFEST_VERSION }, (_, i) => `format-${i + 1}`),
  )
  for (const folder of folders) {
    const digests = fs.readdirSync(path.join(FIXTURES, folder)).map((name): [string, string] => {
      const bytes = fs.readFileSync(path.join(FIXTURES, folder, name))
      return [name, crypto.createHash('sha256').update(bytes).digest('hex')]
    })
    assert.deepEqual(Object.fromEntries(digests), SHA256[folder], folder)
  }
})

for (const fixture of ['format-1']) {
  test(`${fixture}: every byte of it is as it should be, and all keys are found`, async (t) => {
    const folder = copyOf(fixture, t)
    const report = await verifyLog(new NodeDisk(folder))
    assert.deepEqual(report.findings, [])
    assert.equal(report.verdict, 'intact')
    assert.deepEqual([report.segmentCount, report.batchCount, report.recordCount], [3, 6, 5])
    const session = await open(folder)
    await assertExample(session)
    await session.close()
  })

  test(`${fixture}: it is gone on with, and remains whole`, async (t) => {
    const folder = copyOf(fixture, t)
    const first = await open(folder)
    assert.equal(first.log.epoch, 2)
    await first.put('new', Buffer.alloc(3000, 'n'))
    await first.put('newer', Buffer.alloc(3000, 'r'))
    await first.remove('greeting')
    await first.flush()
    await first.close()
    const report = await verifyLog(new NodeDisk(folder))
    assert.deepEqual([report.verdict, report.findings], ['intact', []])
    const second = await open(folder)
    assert.deepEqual(await second.keys(), ['big', 'new', 'newer'])
    assert.deepEqual((await second.read('newer'))?.value, Buffer.alloc(3000, 'r'))
    await second.close()
  })

  test(`${fixture}: side files that are lost are written again as they were`, async (t) => {
    const folder = copyOf(fixture, t)
    const sides = fs.readdirSync(folder).filter((name) => name.endsWith('.side'))
    for (const name of sides) fs.rmSync(path.join(folder, name))
    const session = await open(folder)
    await assertExample(session)
    await session.close()
    for (const name of sides) {
      const [found, before] = [folder, path.join(FIXTURES, fixture)].map((it) => fs.readFileSync(path.join(it, name)))
      assert.deepEqual(found, before, name)
    }
  })
}

for (const [name, before] of [
  ['as it was left', (): Promise<void> => Promise.resolve()],
  ['compacted', (log: CommandLog): Promise<void> => log.compact()],
  ['compacted and opened again', (log: CommandLog): Promise<void> => log.compact().then(() => log.reopen())],
] as const) {
  test(`format-2: requests are answered as they were, ${name}`, async (t) => {
    const folder = copyOf('format-2', t)
    const report = await verifyLog(new NodeDisk(folder))
    assert.deepEqual([report.verdict, report.findings], ['intact', []])
    const log = await openExampleObjects(new NodeDisk(folder))
    await before(log)
    for (const [request, reply] of ANSWERS) assert.deepEqual(await log.run(...request.split(' ')), reply, request)
    await log.close()
  })
}
