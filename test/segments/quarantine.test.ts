import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logOptions, LogSession } from '../helpers/log-session.js'
import { SimDisk } from '../helpers/sim-disk.js'

const SEGMENT = '00000000000000000000-0000.seg'

/** A log with one batch, and behind it `tail`, which is none. */
async function tornLog(tail: Buffer, kept: Iterable<readonly [string, Buffer]> = []): Promise<SimDisk> {
  const disk = new SimDisk({ isQuick: true })
  const session = await LogSession.open(disk, logOptions())
  await session.put('key', Buffer.from('value'))
  await session.close()
  const files = disk.files()
  const segment = files.get(SEGMENT)!
  tail.copy(segment, session.log.segments[0]!.size)
  return SimDisk.of([...files, ...kept], { isQuick: true })
}

function quarantined(disk: SimDisk): [string, string][] {
  return [...disk.files()]
    .filter(([name]) => name.startsWith('quarantine/'))
    .map(([name, bytes]): [string, string] => [name.slice('quarantine/'.length), bytes.toString('latin1')])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

test('what is cut is kept, and what was kept before stays', async () => {
  const first = await tornLog(Buffer.from('first torn write'))
  const position = /\.(\d+)\.torn$/
  await (await LogSession.open(first, logOptions())).close()
  const kept = quarantined(first)
  assert.equal(kept.length, 1)
  assert.match(kept[0]![0], position)
  assert.equal(kept[0]![1], 'first torn write')

  const [name, text] = kept[0]!
  const second = await tornLog(Buffer.from('second'), [[`quarantine/${name}`, Buffer.from(text, 'latin1')]])
  await (await LogSession.open(second, logOptions())).close()
  assert.deepEqual(quarantined(second), [[name.replace('.torn', '.2.torn'), 'second'], kept[0]])
})
