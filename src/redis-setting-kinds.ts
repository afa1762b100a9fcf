import { HISTORY_FORMS, historyText, parseHistory } from './history-text.js'
import {
  parseRetention,
  parseRules,
  RETENTION_FORMS,
  retentionText,
  RULES_FORMS,
  rulesText,
} from './message-retention.js'

/** Reads what CONFIG SET was given: the value as CONFIG GET will show it, or why it is none, in Redis's words. */
export type Read = (given: string) => { readonly value: string } | { readonly fault: string }

const INT64_MAX = 2n ** 63n - 1n
export const INT32_MAX = 2 ** 31 - 1
/** The largest number where Redis has a 64-bit one. */
export const HUGE = INT64_MAX

/** `1gb`, `64mb`, `4096`: as in redis.conf, `k`, `m`, `g` count in thousands and `kb`, `mb`, `gb` in 1024s. */
const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
}

export const flag: Read = (given) => {
  const value = given.toLowerCase()
  return value === 'yes' || value === 'no' ? { value } : { fault: "argument must be 'yes' or 'no'" }
}

export function oneOf(...words: readonly string[]): Read {
  return (given) => {
    const value = given.toLowerCase()
    return words.includes(value)
      ? { value }
      : { fault: `argument(s) must be one of the following: ${words.join(', ')}` }
  }
}

export function integer(min: number | bigint, max: number | bigint): Read {
  return (given) => {
    if (!/^-?(?:0|[1-9]\d{0,18})$/.test(given)) return { fault: "argument couldn't be parsed into an integer" }
    return between(BigInt(given), min, max)
  }
}

/** A whole number that is brought into its range. */
export function clamped(min: number, max: number): Read {
  const read = integer(0, INT32_MAX)
  return (given) => {
    const result = read(given)
    return 'fault' in result ? result : { value: String(Math.min(max, Math.max(min, Number(result.value)))) }
  }
}

/** Bytes. */
export function size(min: number | bigint, max: number | bigint): Read {
  return (given) => {
    const bytes = sizeOf(given)
    return bytes === null ? { fault: 'argument must be a memory value' } : between(bytes, min, max)
  }
}

/** Bytes that a text stands for; null when it stands for none. */
export function sizeOf(given: string): bigint | null {
  const match = /^(\d{0,99})([a-z]*)$/i.exec(given)
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '?']
  return match === null || unit === undefined ? null : BigInt(match[1]!) * unit
}

function between(value: bigint, min: number | bigint, max: number | bigint): ReturnType<Read> {
  if (value >= BigInt(min) && value <= BigInt(max)) return { value: String(value) }
  return { fault: `argument must be between ${min} and ${max} inclusive` }
}

/** How long superseded records stay. */
export const history: Read = (given) => {
  const parsed = parseHistory(given)
  return parsed === null ? { fault: `argument must be ${HISTORY_FORMS}` } : { value: historyText(parsed) }
}

export const text: Read = (given) => ({ value: given })

/** Pairs of seconds and changes, or nothing. */
export const savePoints: Read = (given) => {
  const words = given.split(' ').filter((word) => word !== '')
  const isRight =
    words.length % 2 === 0 && words.every((word, i) => /^\d{1,10}$/.test(word) && (i % 2 === 1 || Number(word) >= 1))
  return isRight ? { value: words.join(' ') } : { fault: 'Invalid save parameters' }
}

/** Numbers from 0 to 100, as often as one likes. */
export const percentiles: Read = (given) => {
  const words = given === '' ? [] : given.split(' ')
  const numbers = words.map(Number)
  if (words.some((word) => !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word))) {
    return { fault: 'Invalid latency-tracking-info-percentiles parameters' }
  }
  return numbers.some((it) => it < 0 || it > 100)
    ? { fault: 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]' }
    : { value: numbers.join(' ') }
}

const EVENT_CLASSES = 'g$lshzxetd'

/** Classes of keyspace events, in the order in which Redis shows them. */
export const eventClasses: Read = (given) => {
  if (!/^[Ag$lshzxeKEtmdn]*$/.test(given)) {
    return { fault: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." }
  }
  const has = (letter: string): boolean => given.includes(letter)
  const isAll = has('A') || Array.from(EVENT_CLASSES).every(has)
  const classes = isAll ? 'A' : Array.from(`${EVENT_CLASSES}n`).filter(has).join('')
  return { value: classes + Array.from('KEm').filter(has).join('') }
}

/** How long messages stay. */
export const retention: Read = (given) => {
  const ageMs = parseRetention(given)
  return ageMs === null ? { fault: `argument must be ${RETENTION_FORMS}` } : { value: retentionText(ageMs) }
}

/** How long messages stay, by patterns of channels. */
export const retentionRules: Read = (given) => {
  const rules = parseRules(given)
  return rules === null ? { fault: `argument must be ${RULES_FORMS}` } : { value: rulesText(rules) }
}

/** Limits of one class of clients: bytes at which it is closed, bytes above which it may not stay, and for how long. */
export interface OutputLimit {
  readonly hard: bigint
  readonly soft: bigint
  readonly softSeconds: number
}

export type OutputLimits = Readonly<Record<OutputClass, OutputLimit>>
export type OutputClass = 'normal' | 'slave' | 'pubsub'

/** `class hard soft seconds`, as often as one likes; null where it is no such thing, or why. */
export function parseOutputLimits(given: string, before: OutputLimits): OutputLimits | string {
  const words = given.split(' ').filter((word) => word !== '')
  if (words.length % 4 !== 0) return 'Wrong number of arguments in buffer limit configuration.'
  const limits = { ...before }
  for (let i = 0; i < words.length; i += 4) {
    const name = words[i]!.toLowerCase().replace('replica', 'slave')
    if (!(name in limits)) return 'Invalid client class specified in buffer limit configuration.'
    const hard = sizeOf(words[i + 1]!)
    const soft = sizeOf(words[i + 2]!)
    if (hard === null || soft === null || !/^\d{1,10}$/.test(words[i + 3]!)) {
      return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'
    }
    limits[name as OutputClass] = { hard, soft, softSeconds: Number(words[i + 3]) }
  }
  return limits
}

export function outputLimitsText(limits: OutputLimits): string {
  return Object.entries(limits)
    .map(([name, { hard, soft, softSeconds }]) => `${name} ${hard} ${soft} ${softSeconds}`)
    .join(' ')
}
