import fs from 'node:fs'
import { z } from 'zod'
import { FlinError, FSYNC_POLICIES, SEGMENT_SIZE_LIMIT, SEGMENT_SIZE_MIN } from '../segments/index.js'
import { HISTORY_FORMS, parseHistory } from './history-text.js'
import { parseRetention, parseRules, RETENTION_FORMS, RULES_FORMS } from './message-retention.js'
import { REQUEST_SIZE_MAX } from './redis-setting-table.js'
import { environmentName, nearest, optionName, unknownVariables } from './setting-names.js'

const KIB = 1024
const MIB = KIB * KIB
const GIB = KIB * MIB

/** `64mb`, `1gb`, `4096`: bytes; as in redis.conf, `k`, `m`, `g` count in thousands and `kb`, `mb`, `gb` in 1024s. */
const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, kb: KIB, mb: MIB, gb: GIB }

const size = (min: number, max: number) =>
  z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const match = /^(\d+)([kmg]?b?)$/i.exec(String(value).trim())
      const unit = match?.[2]?.toLowerCase() ?? ''
      if (match === null || unit === 'b') {
        context.addIssue('no size')
        return z.NEVER
      }
      return Number(match[1]) * (UNITS[unit] ?? 1)
    })
    .pipe(z.number().int().min(min).max(max))

/** A plain decimal: `Number()` would also take '', true and null for numbers. */
const integer = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max))

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const YES = ['true', 'yes', '1'] as const
const NO = ['false', 'no', '0'] as const
const PASSWORD_SIZE_MAX = 1024
/** Of a faulty value so much is shown. */
const SHOWN_MAX = 100

const flag = z.union([z.boolean(), z.enum([...YES, ...NO]).transform((v) => YES.some((yes) => yes === v))])

const schema = z.strictObject({
  nodeId: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .default('flin-1'),
  host: z.string().min(1).default('127.0.0.1'),
  port: integer(0, 65535).default(7380),
  data: z.string().min(1).default('./data'),
  /** Keeps the log in memory only, up to so many bytes; 0: on disk. */
  memory: size(0, Number.MAX_SAFE_INTEGER)
    .refine((value) => value === 0 || value >= MIB)
    .default(0),
  fsync: z.enum(FSYNC_POLICIES).default('always'),
  segmentSize: size(SEGMENT_SIZE_MIN, SEGMENT_SIZE_LIMIT).default(64 * MIB),
  cacheSize: size(MIB, Number.MAX_SAFE_INTEGER).default(GIB),
  reserveSize: size(0, Number.MAX_SAFE_INTEGER).default(64 * MIB),
  /** Bytes that the log may take on the disk; 0: no bound. */
  maxDisk: size(0, Number.MAX_SAFE_INTEGER)
    .refine((value) => value === 0 || value >= MIB)
    .default(0),
  /** How long superseded records stay in the log: what {@link parseHistory} reads. */
  history: z
    .string()
    .refine((value) => parseHistory(value) !== null)
    .default('none'),
  /** Whether the log is compacted by itself. */
  compaction: flag.default(true),
  /** Bytes a second that compaction may read and write; 0: no bound. */
  compactionRate: size(0, Number.MAX_SAFE_INTEGER).default(256 * MIB),
  /** How long published messages stay: what {@link parseRetention} reads. */
  messageRetention: z
    .string()
    .refine((value) => parseRetention(value) !== null)
    .default('1h'),
  /** Bytes of messages that stay, in all. */
  messageRetentionSize: size(0, Number.MAX_SAFE_INTEGER).default(256 * MIB),
  /** The same as `messageRetention`, by patterns of channels: what {@link parseRules} reads. */
  messageRetentionRules: z
    .string()
    .refine((value) => parseRules(value) !== null)
    .default(''),
  clientsMax: integer(1, 1_000_000).default(10_000),
  valueSizeMax: size(MIB, REQUEST_SIZE_MAX).default(512 * MIB),
  querySizeMax: size(MIB, REQUEST_SIZE_MAX).default(GIB),
  outputSizeMax: size(MIB, Number.MAX_SAFE_INTEGER).default(GIB),
  /** What clients have to give before anything else; empty: nothing. */
  requirepass: z.string().max(PASSWORD_SIZE_MAX).default(''),
  serveDamaged: flag.default(false),
  logLevel: z.enum(LOG_LEVELS).default('info'),
})

/** Settings after everything has been read and checked; sizes in bytes. */
export type Settings = Readonly<z.infer<typeof schema>>
type Name = keyof Settings
type Raw = Record<string, unknown>

const A_SIZE = 'a size, written as 4096, 64mb or 1gb'

/** What each takes, for who gave it something else. */
const TAKES: Readonly<Record<Name, string>> = {
  nodeId: 'a name of 1 to 64 letters, digits, _ . -',
  host: 'an address of this machine, or its name',
  port: 'a plain decimal number from 0 to 65535',
  data: 'the path of a folder',
  memory: `${A_SIZE}, from 1mb on; or nothing for 1gb`,
  fsync: oneOf(FSYNC_POLICIES),
  segmentSize: `${A_SIZE}, from ${SEGMENT_SIZE_MIN} to ${SEGMENT_SIZE_LIMIT}`,
  cacheSize: `${A_SIZE}, from 1mb on`,
  reserveSize: A_SIZE,
  maxDisk: `${A_SIZE}, from 1mb on; or 0`,
  history: HISTORY_FORMS,
  compaction: `${oneOf(YES)}, or ${oneOf(NO)}`,
  compactionRate: A_SIZE,
  messageRetention: RETENTION_FORMS,
  messageRetentionSize: A_SIZE,
  messageRetentionRules: RULES_FORMS,
  clientsMax: 'a plain decimal number from 1 to 1000000',
  valueSizeMax: `${A_SIZE}, from 1mb to ${REQUEST_SIZE_MAX}`,
  querySizeMax: `${A_SIZE}, from 1mb to ${REQUEST_SIZE_MAX}`,
  outputSizeMax: `${A_SIZE}, from 1mb on`,
  requirepass: `text of at most ${PASSWORD_SIZE_MAX} characters`,
  serveDamaged: `${oneOf(YES)}, or ${oneOf(NO)}`,
  logLevel: oneOf(LOG_LEVELS),
}

function oneOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`
}

export const SETTING_NAMES = Object.keys(schema.shape)

/**
 * Puts settings together: command line over environment over file over defaults.
 * @throws FlinError BAD_SETTING that names each as it was given (option, variable, or name in the file) and what it takes; also
 *   for a variable that is surely a misspelt one.
 */
export function readSettings(commandLine: Raw, environment: NodeJS.ProcessEnv, file?: string): Settings {
  const fromEnvironment: Raw = {}
  for (const name of SETTING_NAMES) {
    const value = environment[environmentName(name)]
    if (value !== undefined && value !== '') fromEnvironment[name] = value
  }
  const raw: Raw = { ...(file === undefined ? {} : readFile(file)), ...fromEnvironment, ...commandLine }
  const parsed = schema.safeParse(normalized(raw))
  const problems = unknownVariables(environment, SETTING_NAMES)
    .filter(({ isTypo }) => isTypo)
    .map(({ name, nearest: meant }) => `${name} is no setting: ${meant} is`)
  const faulty = new Set(parsed.error?.issues.flatMap(({ path, ...issue }) => namesIn(path, issue)))
  for (const name of faulty)
    problems.push(problemOf(name, raw[name], givenAs(name, commandLine, fromEnvironment, file)))
  if (parsed.success && parsed.data.memory > 0) problems.push(...besideMemory(commandLine))
  if (!parsed.success || problems.length > 0) {
    throw new FlinError('BAD_SETTING', `${problems.join('; ')}. See flin-server --help`)
  }
  return Object.freeze(parsed.data)
}

/**
 * What makes no sense beside --memory when both stand on the command line; elsewhere a folder may be said once and for all, and
 * --memory for one time.
 */
function besideMemory(commandLine: Raw): string[] {
  if (!('memory' in commandLine)) return []
  return ['data', 'serveDamaged']
    .filter((name) => name in commandLine)
    .map((name) => `${optionName(name)} has no meaning beside --memory, which keeps nothing in a folder`)
}

function normalized(given: Raw): Raw {
  const raw = { ...given }
  // `--port=:7380` is how some write a port.
  if (typeof raw['port'] === 'string') raw['port'] = raw['port'].replace(/^:/, '')
  // `--memory` alone means: in memory, up to a gigabyte.
  if (raw['memory'] === true || raw['memory'] === 'true') raw['memory'] = GIB
  if (raw['memory'] === false || raw['memory'] === 'false') raw['memory'] = 0
  return raw
}

/** Which settings an issue is about: one, or all that do not exist. */
function namesIn(path: readonly PropertyKey[], issue: object): string[] {
  if (path.length > 0) return [String(path[0])]
  return 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : []
}

/** The name under which somebody gave a setting. */
function givenAs(name: string, commandLine: Raw, fromEnvironment: Raw, file: string | undefined): string {
  if (name in commandLine) return optionName(name)
  if (name in fromEnvironment) return environmentName(name)
  return `${name} in ${file ?? 'the settings'}`
}

function problemOf(name: string, value: unknown, given: string): string {
  if (!isName(name)) return `${given} is no setting: ${nearest(name, SETTING_NAMES)} is`
  const shown = name === 'requirepass' ? '' : `, not ${show(value)}`
  return `${given} takes ${TAKES[name]}${shown}`
}

function isName(name: string): name is Name {
  return SETTING_NAMES.includes(name)
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > SHOWN_MAX ? `'${value.slice(0, SHOWN_MAX)}...'` : `'${value}'`
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? String(value) : typeof value
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
