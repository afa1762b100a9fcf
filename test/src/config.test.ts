import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlinError } from '../../segments/index.js'
import { readSettings, SETTING_NAMES, type Settings } from '../../src/config.js'
import { environmentName, optionName, unknownVariables } from '../../src/setting-names.js'
import { temporaryFolder } from '../helpers/daemon.js'

const MIB = 1024 * 1024

/** What one setting becomes, given on the command line. */
function read(name: keyof Settings, value: unknown): unknown {
  return readSettings({ [name]: value }, {})[name]
}

function refuses(job: () => unknown, ...words: string[]): void {
  assert.throws(job, (error) => {
    assert.ok(error instanceof FlinError && error.code === 'BAD_SETTING', String(error))
    for (const word of words) assert.ok(error.message.includes(word), error.message)
    return true
  })
}

function saysAll(job: () => unknown, text: string): void {
  assert.throws(job, (error) => {
    assert.equal(error instanceof FlinError && error.message, text)
    return true
  })
}

test('defaults, frozen', () => {
  const settings = readSettings({}, {})
  assert.deepEqual(settings, {
    nodeId: 'flin-1',
    host: '127.0.0.1',
    port: 7380,
    data: './data',
    memory: 0,
    fsync: 'always',
    segmentSize: 64 * MIB,
    cacheSize: 1024 * MIB,
    reserveSize: 64 * MIB,
    maxDisk: 0,
    history: 'none',
    compaction: true,
    compactionRate: 256 * MIB,
    messageRetention: '1h',
    messageRetentionSize: 256 * MIB,
    messageRetentionRules: '',
    clientsMax: 10_000,
    valueSizeMax: 512 * MIB,
    querySizeMax: 1024 * MIB,
    outputSizeMax: 1024 * MIB,
    requirepass: '',
    serveDamaged: false,
    logLevel: 'info',
  })
  assert.ok(Object.isFrozen(settings))
  assert.deepEqual(SETTING_NAMES, Object.keys(settings))
})

test('command line over environment over file over defaults', (t) => {
  const file = path.join(temporaryFolder(t), 'flin.json')
  fs.writeFileSync(file, JSON.stringify({ port: 1, data: 'file', nodeId: 'file', segmentSize: '1mb' }))
  const settings = readSettings({ port: '3' }, { FLIN_PORT: '2', FLIN_DATA: 'environment', FLIN_HOST: '' }, file)
  assert.equal(settings.port, 3)
  assert.equal(settings.data, 'environment')
  assert.equal(settings.nodeId, 'file')
  assert.equal(settings.segmentSize, MIB)
  assert.equal(settings.host, '127.0.0.1', 'an empty variable says nothing')
})

test('the environment’s names', () => {
  assert.equal(environmentName('port'), 'FLIN_PORT')
  assert.equal(environmentName('segmentSize'), 'FLIN_SEGMENT_SIZE')
  assert.equal(environmentName('outputSizeMax'), 'FLIN_OUTPUT_SIZE_MAX')
  const names = SETTING_NAMES.map(environmentName)
  assert.equal(new Set(names).size, names.length)
  const settings = readSettings({}, { FLIN_SEGMENT_SIZE: '2mb', FLIN_SERVE_DAMAGED: 'yes', FLIN_MEMORY: 'true' })
  assert.deepEqual([settings.segmentSize, settings.serveDamaged, settings.memory], [2 * MIB, true, 1024 * MIB])
})

test('sizes: units as in redis.conf, and nothing that looks like one', () => {
  for (const [value, bytes] of [
    [5000, 5000],
    ['5000', 5000],
    [' 5000 ', 5000],
    ['8k', 8000],
    ['8kb', 8192],
    ['8KB', 8192],
    ['1m', 1e6],
    ['1mb', MIB],
    ['1g', 1e9],
    ['1Gb', 1024 * MIB],
  ] as const) {
    assert.equal(read('segmentSize', value), bytes, String(value))
  }
  for (const value of [
    '',
    'x',
    '1.5mb',
    '-5mb',
    '5 mb',
    '1b',
    '1tb',
    '1mib',
    '0x1000',
    '1e6',
    1.5,
    NaN,
    null,
    true,
    [],
  ]) {
    refuses(() => read('segmentSize', value), '--segment-size')
  }
})

test('sizes: limits', () => {
  assert.equal(read('segmentSize', 4096), 4096)
  assert.equal(read('segmentSize', 0xffff_0000), 0xffff_0000)
  for (const value of [0, 4095, 0xffff_0001, '5gb', '99999999999999999999gb']) {
    refuses(() => read('segmentSize', value), '--segment-size')
  }
  refuses(() => read('cacheSize', MIB - 1), '--cache-size')
  const options = {
    outputSizeMax: '--output-size-max',
    valueSizeMax: '--value-size-max',
    querySizeMax: '--query-size-max',
  } as const
  for (const name of ['outputSizeMax', 'valueSizeMax', 'querySizeMax'] as const) {
    refuses(() => read(name, MIB - 1), options[name])
  }
  for (const name of ['valueSizeMax', 'querySizeMax'] as const) refuses(() => read(name, '2gb'), options[name])
  assert.equal(read('reserveSize', 0), 0)
})

test('a folder beside --memory on one command line is a mistake; a folder said elsewhere is not', () => {
  for (const [name, value] of [
    ['data', './d'],
    ['serveDamaged', true],
  ] as const) {
    assert.throws(
      () => readSettings({ memory: true, [name]: value }, {}),
      (error) =>
        error instanceof FlinError && error.code === 'BAD_SETTING' && error.message.includes('beside --memory'),
    )
  }
  assert.equal(readSettings({ memory: true }, { FLIN_DATA: '/var/lib/flin' }).memory, 1024 * MIB)
  assert.equal(readSettings({ data: './d' }, { FLIN_MEMORY: '1gb' }).data, './d')
  assert.equal(readSettings({ memory: '0', data: './d' }, {}).memory, 0)
})

test('memory alone means a gigabyte', () => {
  for (const value of [true, 'true']) assert.equal(read('memory', value), 1024 * MIB)
  for (const value of [false, 'false', 0, '0']) assert.equal(read('memory', value), 0)
  assert.equal(read('memory', '512mb'), 512 * MIB)
})

test('ports and counts are plain decimals within their range', () => {
  assert.equal(read('port', 0), 0)
  assert.equal(read('port', '65535'), 65535)
  assert.equal(read('port', ':7380'), 7380)
  for (const value of [-1, 65536, '65536', '', ':', 'x', '::1', '1.5', 1.5, '0x50', '1e3', ' ', true, null, []]) {
    refuses(() => read('port', value), 'port')
  }
  assert.equal(read('clientsMax', '1'), 1)
  for (const value of [0, 1_000_001, true, '']) refuses(() => read('clientsMax', value), '--clients-max')
})

test('one of a few words', () => {
  for (const fsync of ['always', 'everysec', 'no'] as const) assert.equal(read('fsync', fsync), fsync)
  refuses(() => read('fsync', 'sometimes'), 'fsync')
  refuses(() => read('logLevel', 'loud'), '--log-level')
  for (const value of [true, 'true', 'yes', '1']) assert.equal(read('serveDamaged', value), true)
  for (const value of [false, 'false', 'no', '0']) assert.equal(read('serveDamaged', value), false)
  refuses(() => read('serveDamaged', 'maybe'), '--serve-damaged')
})

test('names', () => {
  for (const value of ['a', 'node-1.example_x', 'n'.repeat(64)]) assert.equal(read('nodeId', value), value)
  for (const value of ['', 'a b', 'a/b', 'a\n', 'n'.repeat(65), 5]) refuses(() => read('nodeId', value), '--node-id')
  refuses(() => read('host', ''), 'host')
  refuses(() => read('data', ''), 'data')
})

test('what is refused is named as it was given, with what it takes', (t) => {
  const file = path.join(temporaryFolder(t), 'flin.json')
  const TAKES = [
    ['port', 'x', "takes a plain decimal number from 0 to 65535, not 'x'"],
    ['port', 70_000, 'takes a plain decimal number from 0 to 65535, not 70000'],
    ['cacheSize', '5 mb', "takes a size, written as 4096, 64mb or 1gb, from 1mb on, not '5 mb'"],
    ['segmentSize', 1, 'takes a size, written as 4096, 64mb or 1gb, from 4096 to 4294901760, not 1'],
    ['fsync', 'x', "takes always, everysec or no, not 'x'"],
    ['serveDamaged', 'x', "takes true, yes or 1, or false, no or 0, not 'x'"],
    ['logLevel', 'loud', "takes trace, debug, info, warn, error, fatal or silent, not 'loud'"],
    ['nodeId', 'a b', "takes a name of 1 to 64 letters, digits, _ . -, not 'a b'"],
  ] as const
  for (const [name, value, text] of TAKES) {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    assert.equal(optionName(name), option)
    saysAll(() => read(name, value), `${option} ${text}. See flin-server --help`)
    const variable = environmentName(name)
    const fromVariable = text.replace(/not ([\d]+)$/, "not '$1'")
    saysAll(
      () => readSettings({}, { [variable]: String(value) }),
      `${variable} ${fromVariable}. See flin-server --help`,
    )
    fs.writeFileSync(file, JSON.stringify({ [name]: value }))
    saysAll(() => readSettings({}, {}, file), `${name} in ${file} ${text}. See flin-server --help`)
  }
})

test('a password is not shown', () => {
  const secret = 'secret'.repeat(1000)
  saysAll(
    () => readSettings({}, { FLIN_REQUIREPASS: secret }),
    'FLIN_REQUIREPASS takes text of at most 1024 characters. See flin-server --help',
  )
})

test('every problem is named at once', () => {
  refuses(
    () => readSettings({ port: 'x', fsync: 'y', cacheSize: 'z' }, {}),
    '--port',
    '--fsync',
    '--cache-size',
    '--help',
  )
})

test('a setting that does not exist is refused, wherever it stands', (t) => {
  refuses(() => readSettings({ prot: 1 }, {}), 'prot')
  const file = path.join(temporaryFolder(t), 'flin.json')
  fs.writeFileSync(file, '{"segment-size": 4096}')
  refuses(() => readSettings({}, {}, file), 'segment-size')
  refuses(() => readSettings({}, {}, file), `segment-size in ${file} is no setting: segmentSize is`)
})

test('a misspelt variable is refused, one that others may have set is told of', () => {
  for (const [given, meant] of [
    ['FLIN_FSYCN', 'FLIN_FSYNC'],
    ['FLIN_DATE', 'FLIN_DATA'],
    ['FLIN_SEGMENTSIZE', 'FLIN_SEGMENT_SIZE'],
    ['FLIN_PORTS', 'FLIN_PORT'],
    ['FLIN_NODEID', 'FLIN_NODE_ID'],
    ['FLIN_REQUIRE_PASS', 'FLIN_REQUIREPASS'],
    ['FLIN_CONFIGS', 'FLIN_CONFIG'],
  ] as const) {
    saysAll(() => readSettings({}, { [given]: 'no' }), `${given} is no setting: ${meant} is. See flin-server --help`)
    assert.deepEqual(unknownVariables({ [given]: '' }, SETTING_NAMES), [], 'an empty variable says nothing')
  }
  // What a container's platform sets for a service of that name, what builds and tests have.
  const others = ['FLIN_SERVICE_HOST', 'FLIN_PORT_7380_TCP_ADDR', 'FLIN_VERSION', 'FLIN_CRASH_SEEDS', 'FLIN_KILLS']
  for (const name of others) {
    readSettings({}, { [name]: '1' })
    const found = unknownVariables({ [name]: '1', FLIN_CONFIG: 'x', FLIN_PORT: '1', FLINT: '1' }, SETTING_NAMES)
    assert.deepEqual(
      found.map((it) => [it.name, it.isTypo]),
      [[name, false]],
    )
  }
})

test('a settings file that cannot be read is named', (t) => {
  const folder = temporaryFolder(t)
  const file = path.join(folder, 'flin.json')
  refuses(() => readSettings({}, {}, file), file)
  for (const content of ['', '{', '[]', '"x"', 'null', '1']) {
    fs.writeFileSync(file, content)
    refuses(() => readSettings({}, {}, file), file)
  }
})

test('no value makes it throw anything but FlinError', () => {
  const value = fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom(undefined, NaN, Infinity, Symbol('x'), 1n))
  fc.assert(
    fc.property(fc.constantFrom(...SETTING_NAMES), value, (name, it) => {
      try {
        readSettings({ [name]: it }, {})
      } catch (error) {
        if (!(error instanceof FlinError)) throw error
      }
    }),
    { numRuns: 1000 },
  )
})
