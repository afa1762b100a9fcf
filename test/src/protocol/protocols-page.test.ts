import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { BINARY_COMMANDS } from '../../../src/commands/binary/binary-dispatcher.js'
import { isBinary } from '../../../src/protocol/binary/opcodes.js'
import { BinaryClient } from '../../helpers/binary-client.js'
import { bytesOf, u32 } from '../../helpers/binary-frames.js'
import { ROOT } from '../../helpers/fixtures.js'
import { NetBench } from '../../helpers/net-bench.js'

const PAGE = fs.readFileSync(path.join(ROOT, 'src/protocol/PROTOCOLS.md'), 'utf8')

interface Step {
  readonly isRequest: boolean
  readonly bytes: Buffer
}

/** What the page sends and gets, in its order. Bytes are set apart by two spaces at most from one another, by more from a remark. */
function steps(): Step[] {
  const found: Step[] = []
  for (const [, block] of PAGE.matchAll(/^```hex\n(.*?)\n```$/gms)) {
    for (const line of block!.split('\n')) {
      const row = /^([ <>]) {1,15}((?:[0-9a-f]{2})+(?: {1,2}(?:[0-9a-f]{2})+)*)(?: {3,}\S.*)?$/.exec(line)
      assert.ok(row !== null, `this line cannot be read: ${line}`)
      const bytes = Buffer.from(row[2]!.replaceAll(' ', ''), 'hex')
      if (row[1] === ' ') {
        const before = found.pop()!
        found.push({ ...before, bytes: Buffer.concat([before.bytes, bytes]) })
      } else found.push({ isRequest: row[1] === '>', bytes })
    }
  }
  return found
}

test('every example is what Flin does, on one connection', async (t) => {
  const bench = await NetBench.start(t)
  const client = await BinaryClient.connect(bench.port)
  const all = steps()
  const seen = new Set<number>()
  for (let i = 0; i < all.length; i += 2) {
    const [request, expected] = [all[i]!, all[i + 1]!]
    assert.ok(request.isRequest && !expected.isRequest, 'requests and replies take turns')
    // Nobody would answer half a request.
    assert.equal(request.bytes.readUInt32BE(1), request.bytes.length - 5, request.bytes.toString('hex'))
    const { status, payload } = await client.call(request.bytes)
    const bytes = bytesOf(payload)
    const actual = Buffer.concat([Buffer.from([status]), u32(bytes.length), bytes])
    assert.equal(expected.bytes.toString('hex'), actual.toString('hex'), request.bytes.toString('hex'))
    seen.add(request.bytes[0]!)
  }
  for (const { opcode, name } of BINARY_COMMANDS) assert.ok(seen.has(opcode), `${name} has no example`)
  client.close()
})

test('the table has every opcode that is answered, and no other', () => {
  const rows = [...PAGE.matchAll(/^\| `([0-9a-f]{2})` +\| ([A-Z]+) +\|/gm)].map(([, opcode, name]) => [
    parseInt(opcode!, 16),
    name,
  ])
  const known = BINARY_COMMANDS.map(({ opcode, name }) => [opcode, name] as const).sort(([a], [b]) => a - b)
  assert.deepEqual(rows, known)
})

test('the first bytes that decide for the binary protocol are those that the page names', () => {
  const [, cell] = /^\| (`01`.*) \(hexadecimal\) \| binary +\|$/m.exec(PAGE)!
  const named = cell!.split(', ').flatMap((range) => {
    const [from, to] = range.split('-').map((it) => parseInt(it.replaceAll('`', ''), 16)) as [number, number?]
    return Array.from({ length: (to ?? from) - from + 1 }, (_, i) => from + i)
  })
  const actual = Array.from({ length: 256 }, (_, byte) => byte).filter(isBinary)
  assert.deepEqual(named, actual)
})

test('links lead to files that are there', () => {
  for (const [, target] of PAGE.matchAll(/\]\(([^)#]+)\)/g)) {
    assert.ok(fs.existsSync(path.join(ROOT, 'src/protocol', target!)), target)
  }
})
