import fs from 'node:fs'
import { z } from 'zod'
import { FlinError, FSYNC_POLICIES, SEGMENT_SIZE_LIMIT, SEGMENT_SIZE_MIN } from '../segments/index.js'
import { REQUEST_SIZE_MAX } from './redis-setting-table.js'

const KIB = 1024
const MIB = KIB * KIB
const GIB = KIB * MIB

/** `64mb`, `1gb`, `4096`: bytes; as in redis.conf, `k`, `m`, `g` count in thousands and `kb`, `mb`, `gb` in 1024s. */
const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, kb: KIB, mb: MIB, gb: GIB }

const size = (min: number, max: number) =>
  z
    .union([z.number(), z.string()], { error: 'write a size as 4096, 64mb or 1gb' })
    .transform((value, context) => {
      const match = /^(\d+)([kmg]?b?)$/i.exec(String(value).trim())
      const unit = match?.[2]?.toLowerCase() ?? ''
      if (match === null || unit === 'b') {
        context.addIssue(`'${value}' is no size: write 4096, 64mb or 1gb`)
        return z.NEVER
      }
      return Number(match[1]) * (UNITS[unit] ?? 1)
    })
    .pipe(z.number().int().min(min).max(max))

/** A plain decimal: `Number()` would also take '', true and null for numbers. */
const integer = (min: number, max: number) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,15}$/)
          .transform(Number),
      ],
      { error: 'write a plain decimal number' },
    )
    .pipe(z.number().int().min(min).max(max))

const schema = z.strictObject({
  nodeId: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'letters, digits, _ . - only')
    .default('flin-1'),
  host: z.string().min(1).default('127.0.0.1'),
  port: integer(0, 65535).default(7380),
  data: z.string().min(1).default('./data'),
  /** Keeps the log in memory only, up to so many bytes; 0: on disk. */
  memory: size(0, Number.MAX_SAFE_INTEGER).default(0),
  fsync: z.enum(FSYNC_POLICIES).default('always'),
  segmentSize: size(SEGMENT_SIZE_MIN, SEGMENT_SIZE_LIMIT).default(64 * MIB),
  cacheSize: size(MIB, Number.MAX_SAFE_INTEGER).default(GIB),
  reserveSize: size(0, Number.MAX_SAFE_INTEGER).default(64 * MIB),
  clientsMax: integer(1, 1_000_000).default(10_000),
  valueSizeMax: size(MIB, REQUEST_SIZE_MAX).default(512 * MIB),
  querySizeMax: size(MIB, REQUEST_SIZE_MAX).default(GIB),
  outputSizeMax: size(MIB, Number.MAX_SAFE_INTEGER).default(GIB),
  /** What clients have to give before anything else; empty: nothing. */
  requirepass: z.string({ error: 'write the password as text' }).max(1024).default(''),
  serveDamaged: z
    .union([
      z.boolean(),
      z.enum(['true', 'false', 'yes', 'no', '1', '0']).transform((v) => ['true', 'yes', '1'].includes(v)),
    ])
    .default(false),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

/** Settings after everything has been read and checked; sizes in bytes. */
export type Settings = Readonly<z.infer<typeof schema>>
type Raw = Record<string, unknown>

export const SETTING_NAMES = Object.keys(schema.shape)

/** `segmentSize` -> `FLIN_SEGMENT_SIZE` */
export function environmentName(name: string): string {
  return `FLIN_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/**
 * Puts settings together: command line over environment over file over defaults.
 * @throws FlinError BAD_SETTING that names the setting and what it takes.
 */
export function readSettings(commandLine: Raw, environment: NodeJS.ProcessEnv, file?: string): Settings {
  const fromEnvironment: Raw = {}
  for (const name of SETTING_NAMES) {
    const value = environment[environmentName(name)]
    if (value !== undefined && value !== '') fromEnvironment[name] = value
  }
  const raw: Raw = { ...(file === undefined ? {} : readFile(file)), ...fromEnvironment, ...commandLine }
  // `--port=:7380` is how some write a port.
  if (typeof raw['port'] === 'string') raw['port'] = raw['port'].replace(/^:/, '')
  // `--memory` alone means: in memory, up to a gigabyte.
  if (raw['memory'] === true || raw['memory'] === 'true') raw['memory'] = GIB
  if (raw['memory'] === false || raw['memory'] === 'false') raw['memory'] = 0
  const parsed = schema.safeParse(raw)
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`)
  throw new FlinError('BAD_SETTING', `${problems.join('; ')}. See flin-server --help`)
}

function readFile(file: string): Raw {
  try {
    const parsed: unknown = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Raw
    throw new SyntaxError('it must hold one JSON object')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new FlinError('BAD_SETTING', `cannot read the settings file ${file}: ${why}`, { cause: error })
  }
}
