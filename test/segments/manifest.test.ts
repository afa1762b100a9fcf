import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlinError } from '../../segments/errors.js'
import { decodeManifest, encodeManifest, readManifest, writeManifest, type Manifest } from '../../segments/manifest.js'
import { NodeDisk } from '../../segments/node-disk.js'

const EXAMPLE: Manifest = {
  logId: '000102030405060708090a0b0c0d0e0f',
  hashSeed: [0xffff_ffff, 7],
  compactionHorizon: 12,
  epochs: [
    [1, 0],
    [2, 40],
  ],
  segments: [
    { baseOffset: 0, generation: 2, sealed: { size: 4096, endOffset: 40 } },
    { baseOffset: 40, generation: 0, sealed: null },
  ],
}

const plain = { noNullPrototype: true }
const sealed = fc.record({ size: fc.nat(0xffff_0000), endOffset: fc.maxSafeNat() }, plain)
const segment = fc.record(
  { baseOffset: fc.maxSafeNat(), generation: fc.nat(), sealed: fc.option(sealed, { nil: null }) },
  plain,
)
const manifests: fc.Arbitrary<Manifest> = fc.record(
  {
    logId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((it) => Buffer.from(it).toString('hex')),
    hashSeed: fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)),
    compactionHorizon: fc.maxSafeNat(),
    epochs: fc.array(fc.tuple(fc.nat(), fc.maxSafeNat()), { maxLength: 5 }),
    segments: fc.array(segment, { maxLength: 5 }),
  },
  plain,
)

const isCorrupt = (error: unknown) => error instanceof FlinError && error.code === 'LOG_CORRUPT'
const isUnknown = (error: unknown) => error instanceof FlinError && error.code === 'FORMAT_UNKNOWN'

test('what is written is read', () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest)
    }),
  )
})

test('it is two lines of text: one that vouches for the other', () => {
  const text = encodeManifest(EXAMPLE).toString()
  const lines = text.split('\n')
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /^FLIN-MANIFEST 2 [0-9a-f]{8} \d+$/)
  assert.deepEqual(JSON.parse(lines[1]!), EXAMPLE)
  assert.equal(lines[2], '')
})

test('no flipped bit passes; only one in the version may look like a newer format', () => {
  const bytes = encodeManifest(EXAMPLE)
  const version = 'FLIN-MANIFEST '.length
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const isExpected = bit >> 3 === version ? (it: unknown) => isCorrupt(it) || isUnknown(it) : isCorrupt
    assert.throws(() => decodeManifest(bytes), isExpected, `bit ${bit}`)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  assert.deepEqual(decodeManifest(bytes), EXAMPLE)
})

test('no truncation passes, nor bytes behind the end', () => {
  const bytes = encodeManifest(EXAMPLE)
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => decodeManifest(bytes.subarray(0, size)), isCorrupt, `size ${size}`)
  }
  for (const more of ['\n', ' ', '\0', '{}\n']) {
    assert.throws(() => decodeManifest(Buffer.concat([bytes, Buffer.from(more)])), isCorrupt)
  }
})

test('no bytes at all make it throw anything but FlinError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(300), (noise, at) => {
      const bytes = encodeManifest(EXAMPLE)
      bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length))
      try {
        assert.deepEqual(decodeManifest(bytes), EXAMPLE)
      } catch (error) {
        if (!isCorrupt(error) && !isUnknown(error)) throw error
      }
    }),
  )
})

test('a newer format is named as such', () => {
  const text = encodeManifest(EXAMPLE).toString().replace('FLIN-MANIFEST 2', 'FLIN-MANIFEST 12')
  assert.throws(() => decodeManifest(Buffer.from(text)), isUnknown)
})

test('in a folder: none yet, then the one written last, and nothing beside it', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-manifest-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  const disk = new NodeDisk(folder)
  assert.equal(await readManifest(disk), null)
  await writeManifest(disk, { ...EXAMPLE, epochs: Array.from({ length: 200 }, (_, i) => [i, i] as const) })
  await writeManifest(disk, EXAMPLE)
  assert.deepEqual(await readManifest(disk), EXAMPLE)
  assert.deepEqual(await disk.list(), ['MANIFEST'])
})

test('a manifest that cannot be read is not one that is missing', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-manifest-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  fs.mkdirSync(path.join(folder, 'MANIFEST'))
  await assert.rejects(readManifest(new NodeDisk(folder)))
  fs.rmdirSync(path.join(folder, 'MANIFEST'))
  fs.writeFileSync(path.join(folder, 'MANIFEST'), '')
  await assert.rejects(readManifest(new NodeDisk(folder)), isCorrupt)
})
