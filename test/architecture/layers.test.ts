import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The sources' root: two levels above dist/test/architecture, and one more for dist itself. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

/** Which folders, and packages, a folder may import from, besides itself. `node:` is listed where I/O is allowed. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  segments: ['node:', 'xxhash-wasm'],
  'src/models': ['segments'],
  'src/protocol': ['segments'],
  'src/commit': ['segments'],
  'src/subscriptions': ['segments', 'src/models', 'src/protocol'],
  'src/commands': ['segments', 'src/models', 'src/protocol', 'src/commit', 'src/subscriptions'],
  'src/net': ['node:', 'segments', 'src/models', 'src/protocol', 'src/commit', 'src/commands', 'src/subscriptions'],
}

/** The package's own entries, as those who use it name them: the examples do. */
const OWN_ENTRIES: Readonly<Record<string, string>> = { flin: 'src/index.ts', 'flin/segments': 'segments/index.ts' }

/** Files that only composition may reach. */
const COMPOSITION = [
  'src/server.ts',
  'src/main.ts',
  'src/index.ts',
  'src/config.ts',
  'src/setting-names.ts',
  'src/facts.ts',
  'src/live-settings.ts',
  'src/redis-settings.ts',
  'src/access.ts',
  'src/upkeep.ts',
  'src/compaction-keeper.ts',
  'src/exit-codes.ts',
]

function sources(folder: string): string[] {
  if (!fs.existsSync(path.join(root, folder))) return []
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name))
}

/** Specifiers of a file's imports; relative ones as paths from the root. */
function importsOf(file: string): { specifier: string; typeOnly: boolean }[] {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'/gms)].map(
    ([, type, specifier]) => ({ specifier: resolved(file, specifier!), typeOnly: type !== undefined }),
  )
}

/** Specifiers of what a file loads only when it gets there. */
function lateImportsOf(file: string): string[] {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/\bimport\('([^']+)'\)/g)].map(([, specifier]) => resolved(file, specifier!))
}

function resolved(file: string, specifier: string): string {
  return specifier.startsWith('.')
    ? path.join(path.dirname(file), specifier).replace(/\.js$/, '.ts')
    : (OWN_ENTRIES[specifier] ?? specifier)
}

test('every folder imports only what its layer may', () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    for (const file of sources(folder)) {
      for (const { specifier } of importsOf(file)) {
        const isAllowed = [folder, ...allowed].some((prefix) => specifier.startsWith(prefix))
        assert.ok(isAllowed, `${file} imports ${specifier}`)
      }
    }
  }
})

test('src sees the log engine through its public entry only', () => {
  for (const file of sources('src')) {
    for (const { specifier } of importsOf(file)) {
      if (specifier.startsWith('segments')) assert.equal(specifier, 'segments/index.ts', file)
    }
  }
})

test('the composition root is imported by nothing below it', () => {
  for (const file of sources('src')) {
    if (COMPOSITION.includes(file)) continue
    for (const { specifier } of importsOf(file))
      assert.ok(!COMPOSITION.includes(specifier), `${file} imports ${specifier}`)
  }
})

test('imports form no circle', () => {
  const files = [...sources('segments'), ...sources('src'), ...sources('tools')]
  const edges = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter((it) => !it.typeOnly)
        .map((it) => it.specifier),
    ]),
  )
  const state = new Map<string, 'open' | 'done'>()
  const visit = (file: string, trail: string[]): void => {
    if (state.get(file) === 'done') return
    assert.notEqual(state.get(file), 'open', `a circle: ${[...trail, file].join(' -> ')}`)
    state.set(file, 'open')
    for (const next of edges.get(file) ?? []) if (edges.has(next)) visit(next, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
})

test('late imports are for tools alone', () => {
  for (const file of [...sources('segments'), ...sources('src')]) assert.deepEqual(lateImportsOf(file), [], file)
})

test('tools see the daemon through what is public, and flin loads the log engine for those commands only that need it', () => {
  const open = ['src/index.ts', 'src/inspection.ts', 'src/config.ts', 'src/exit-codes.ts', 'src/version.ts']
  for (const file of sources('tools').filter((name) => !name.startsWith('tools/docs'))) {
    for (const specifier of [...importsOf(file).map((it) => it.specifier), ...lateImportsOf(file)]) {
      if (/^src|^segments/.test(specifier))
        assert.ok([...open, 'segments/index.ts'].includes(specifier), `${file} imports ${specifier}`)
    }
  }
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    if (!file.endsWith('.ts')) return
    for (const { specifier, typeOnly } of importsOf(file)) if (!typeOnly) load(specifier)
  }
  load('tools/main.ts')
  const heavy = [...loaded].filter((file) => file.startsWith('segments') || file === 'zod' || file === 'pino')
  assert.deepEqual(heavy, [], 'loaded for each run of flin')
})
