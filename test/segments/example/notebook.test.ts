import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { FolderLock } from '../../../segments/lock.js'
import { NodeDisk } from '../../../segments/node-disk.js'
import { verifyLog } from '../../../segments/verify.js'
import { temporaryFolder } from '../../helpers/daemon.js'
import { ROOT } from '../../helpers/fixtures.js'

const PROGRAM = path.join(ROOT, 'dist/segments/example/notebook.js')
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/

/** Runs a program to its end. Times in its output, which are never the same, are put as TIME. */
async function run(args: string[]): Promise<{ code: number | null; output: string[]; errors: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const lines = output.split('\n').slice(0, -1)
  return { code, output: lines.map((line) => line.replace(TIME, 'TIME')), errors }
}

async function notebook(...args: string[]): Promise<string[]> {
  const { code, output, errors } = await run([PROGRAM, ...args])
  assert.deepEqual([code, errors], [0, ''])
  return output
}

test('notes are written, listed, replaced and struck out, each by a process of its own', async (t) => {
  const folder = path.join(temporaryFolder(t), 'new')
  assert.deepEqual(await notebook(folder), ['no notes'])
  assert.deepEqual(await notebook(folder, 'milk', 'two bottles'), ['0  TIME  milk: two bottles'])
  assert.deepEqual(await notebook(folder, 'bread', 'a loaf'), ['0  TIME  milk: two bottles', '1  TIME  bread: a loaf'])
  assert.deepEqual(await notebook(folder, 'milk', 'three'), ['1  TIME  bread: a loaf', '2  TIME  milk: three'])
  assert.deepEqual(await notebook(folder, 'bread'), ['2  TIME  milk: three'])
  assert.deepEqual(await notebook(folder, 'tea'), ['there is no note tea', '2  TIME  milk: three'])
  assert.deepEqual(await notebook(folder), ['2  TIME  milk: three'])
  const report = await verifyLog(new NodeDisk(folder))
  assert.deepEqual([report.verdict, report.recordCount, report.findings], ['intact', 4, []])
})

test('without a folder it says what it takes; a folder that is in use is refused by its code', async (t) => {
  assert.equal((await run([PROGRAM])).code, 2)
  const folder = temporaryFolder(t)
  const lock = await FolderLock.take(folder)
  const { code, output, errors } = await run([PROGRAM, folder])
  await lock.release()
  assert.deepEqual([code, output], [1, []])
  assert.match(errors, /^FOLDER_LOCKED: /)
})

const PAGE = fs.readFileSync(path.join(ROOT, 'segments/README.md'), 'utf8')
const blocks = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text!)

test('the page shows the program as it is', () => {
  assert.ok(blocks.includes(fs.readFileSync(path.join(ROOT, 'segments/example/notebook.ts'), 'utf8')))
})

test('the loop over batches on the page runs', async (t) => {
  const folder = temporaryFolder(t)
  await notebook(folder, 'milk', 'two bottles')
  await notebook(folder, 'bread', 'a loaf')
  const loop = blocks.find((text) => text.includes('readBatches('))!
  // Inside the package, so that its own name leads to it; the text is JavaScript, too.
  const file = path.join(ROOT, 'dist/test/segments/example', `loop-${process.pid}.mjs`)
  fs.writeFileSync(file, loop.replace('/tmp/notebook', folder))
  t.after(() => {
    fs.rmSync(file)
  })
  const { output, errors } = await run([file])
  assert.deepEqual([output, errors], [['0  milk', '1  bread'], ''])
})

test('the lines about retention are right: they compile', (t) => {
  const text = blocks.find((block) => block.includes('new Retention('))!
  const file = path.join(ROOT, 'dist/test/segments/example', `retention-${process.pid}.ts`)
  fs.writeFileSync(file, text)
  t.after(() => {
    fs.rmSync(file)
  })
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const program = ts.createProgram([file], { ...options, noEmit: true, incremental: false, composite: false })
  const messages = ts.getPreEmitDiagnostics(program, program.getSourceFile(file))
  assert.deepEqual(
    messages.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    [],
  )
})

test('links of the page lead somewhere', () => {
  for (const [, file] of PAGE.matchAll(/\]\(([^)#]+)\)/g)) assert.ok(fs.existsSync(path.join(ROOT, 'segments', file!)))
})
