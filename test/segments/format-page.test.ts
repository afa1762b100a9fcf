import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { HEADER, RECORD_FLAG } from '../../segments/format.js'
import { KIND } from '../../src/models/kinds.js'
import { writeExampleLog } from '../helpers/example-log.js'
import { ROOT } from '../helpers/fixtures.js'
import { SimDisk } from '../helpers/sim-disk.js'

const PAGE = fs.readFileSync(path.join(ROOT, 'segments/FORMAT.md'), 'utf8')
const SEGMENT = '00000000000000000000-0000'

/** A stretch of a file that the page shows. */
interface Example {
  readonly file: string
  readonly position: number
  readonly bytes: Buffer
  /** Position and size of each line's bytes, as the page tells them. */
  readonly lines: readonly (readonly [position: number, size: number])[]
}

/**
 * Blocks whose fence names a file and a position. `hex`: bytes, position, meaning; `text`: the bytes as they are, but broken
 * into lines.
 */
function examples(): Example[] {
  return [...PAGE.matchAll(/^```(hex|text) (\S+) (\d+)\n(.*?)\n```$/gms)].map(([, type, file, position, body]) => {
    const lines = body!.split('\n')
    const base = { file: file!, position: Number(position) }
    if (type === 'text') return { ...base, bytes: Buffer.from(lines.join('')), lines: [] }
    const rows = lines.map((line) => {
      const row = /^((?:[0-9a-f]{2} ?){1,8})\s+(\d+)(?:\s|$)/.exec(line)
      assert.ok(row !== null, `this line of a hex block cannot be read: ${line}`)
      return [Number(row[2]), Buffer.from(row[1]!.replaceAll(' ', ''), 'hex')] as const
    })
    return {
      ...base,
      bytes: Buffer.concat(rows.map(([, bytes]) => bytes)),
      lines: rows.map(([at, bytes]) => [at, bytes.length] as const),
    }
  })
}

let files: Map<string, Buffer>
before(async () => {
  const disk = new SimDisk({ isQuick: true })
  await writeExampleLog(disk)
  files = disk.files()
})

test('every byte that the page shows is what the example log has there', () => {
  const found = examples()
  assert.ok(found.length >= 6, `only ${found.length} examples were found`)
  for (const { file, position, bytes } of found) {
    const actual = files.get(file)?.subarray(position, position + bytes.length)
    assert.equal(bytes.toString('hex'), actual?.toString('hex'), `${file} at ${position}`)
  }
})

test('every line stands at the position that it names', () => {
  for (const { file, position, lines } of examples()) {
    let at = position
    for (const [named, size] of lines) {
      assert.equal(named, at, `${file}: the line at ${at}`)
      at += size
    }
  }
})

test('manifest, first segment and its side file are shown without a gap', () => {
  const { segments } = JSON.parse(files.get('MANIFEST')!.toString().split('\n')[1]!) as {
    segments: { sealed: { size: number } }[]
  }
  for (const [file, size] of [
    ['MANIFEST', files.get('MANIFEST')!.length],
    [`${SEGMENT}.seg`, segments[0]!.sealed.size],
    [`${SEGMENT}.side`, files.get(`${SEGMENT}.side`)!.length],
  ] as const) {
    let at = 0
    for (const example of examples().filter((it) => it.file === file)) {
      assert.equal(example.position, at, file)
      at += example.bytes.length
    }
    assert.equal(at, size, file)
  }
})

/** The rows of the table whose heading begins with these cells, without the blanks around cells. */
function table(...heading: string[]): string[][] {
  const lines = PAGE.split('\n').map((line) => line.split('|').slice(1, -1))
  const rows = lines.map((cells) => cells.map((cell) => cell.trim()))
  const start = rows.findIndex((cells) => heading.every((cell, i) => cells[i] === cell))
  assert.notEqual(start, -1, `no table with ${heading.join(', ')}`)
  const length = rows.slice(start).findIndex((cells) => cells.length === 0)
  return rows.slice(start + 2, start + length)
}

/** `base offset` -> `baseOffset` */
function camel(words: string): string {
  return words.replace(/ ([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

test('the table of the batch header has the positions that the code has', () => {
  const rows = table('Position', 'Size', 'Field')
  assert.deepEqual(Object.fromEntries(rows.map((cells) => [camel(cells[2]!), Number(cells[0])])), HEADER)
  let at = 0
  for (const [position, size] of rows) {
    assert.equal(Number(position), at)
    at += Number(size)
  }
})

test('flags and kinds are those of the code', () => {
  const asObject = (rows: string[][]): Record<string, number> =>
    Object.fromEntries(rows.map(([number, name]) => [name!, Number(number)]))
  assert.deepEqual(asObject(table('Flag', 'Name')), RECORD_FLAG)
  assert.deepEqual(asObject(table('Kind', 'Name')), KIND)
})

test('links within the page lead somewhere', () => {
  const anchors = [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, target] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(anchors.includes(target!), target)
})
