import type { RequestLimits } from '../../../../src/protocol/resp/request-stream.js'

/** Input of a client and what comes of it. Text is latin1. */
export interface Case {
  name: string
  input: string
  requests: string[][]
  /** The error that the input ends with. */
  error?: string
  /** The input ends within a request. */
  isOpen?: true
  limits?: Partial<RequestLimits>
  isUnauthenticated?: true
  /** Why Redis is known to do something else. */
  unlikeRedis?: string
}

const LINE = 64 * 1024
const a = (count: number): string => 'a'.repeat(count)
const ones = (count: number): string => '1'.repeat(count)

const COUNT = 'Protocol error: invalid multibulk length'
const SIZE = 'Protocol error: invalid bulk length'
const QUOTES = 'Protocol error: unbalanced quotes in request'
const LONG_LINE = 'Redis refuses a long line only when it has read a part of it'

const multibulks: Case[] = [
  { name: 'one argument', input: '*1\r\n$4\r\nping\r\n', requests: [['ping']] },
  { name: 'several', input: '*3\r\n$3\r\nfoo\r\n$1\r\nk\r\n$5\r\nvalue\r\n', requests: [['foo', 'k', 'value']] },
  { name: 'empty arguments', input: '*3\r\n$0\r\n\r\n$1\r\nx\r\n$0\r\n\r\n', requests: [['', 'x', '']] },
  { name: 'line ends within', input: '*2\r\n$3\r\nfoo\r\n$8\r\n\r\n$4\r\n*1\r\n', requests: [['foo', '\r\n$4\r\n*1']] },
  {
    name: 'zero bytes within',
    input: '*2\r\n$3\r\nfoo\r\n$3\r\na\0b\r\n',
    requests: [['foo', 'a\0b']],
    unlikeRedis: 'its error text ends at a zero byte',
  },
  { name: 'all bytes', input: '*2\r\n$3\r\nfoo\r\n$3\r\n\xff\x80\xc3\r\n', requests: [['foo', '\xff\x80\xc3']] },
  { name: 'two digits', input: `*2\r\n$3\r\nfoo\r\n$12\r\n${a(12)}\r\n`, requests: [['foo', a(12)]] },
  { name: 'three digits', input: `*2\r\n$3\r\nfoo\r\n$100\r\n${a(100)}\r\n`, requests: [['foo', a(100)]] },
  { name: 'ten arguments', input: `*10\r\n${'$1\r\nx\r\n'.repeat(10)}`, requests: [Array<string>(10).fill('x')] },
  { name: 'no arguments', input: '*0\r\n*1\r\n$4\r\nping\r\n', requests: [['ping']] },
  { name: 'a null request', input: '*-1\r\n*1\r\n$4\r\nping\r\n', requests: [['ping']] },
  { name: 'a negative count', input: '*-9223372036854775808\r\nping\r\n', requests: [['ping']] },
  { name: 'any byte for LF', input: '*2\rx$3\ryfoo\r\n$1\rzk\r\n', requests: [['foo', 'k']] },
  { name: 'any bytes behind an argument', input: '*2\r\n$3\r\nfooxx$1\r\nkyy', requests: [['foo', 'k']] },
  { name: 'CRs behind an argument', input: '*2\r\n$3\r\nfoo\r\r$1\r\nk\r\r', requests: [['foo', 'k']] },
  { name: 'largest count', input: '*2147483647\r\n$1\r\nx\r\n', requests: [], isOpen: true },
  { name: 'largest size', input: '*1\r\n$536870912\r\nabc', requests: [], isOpen: true },
  { name: 'a cut argument', input: '*1\r\n$4\r\npin', requests: [], isOpen: true },
  { name: 'its line end missing', input: '*1\r\n$4\r\nping\r', requests: [], isOpen: true },
  { name: 'LF alone ends no line', input: '*1\n$4\nPING\n', requests: [], isOpen: true },
  { name: 'a size without line end', input: '*1\r\nx', requests: [], isOpen: true },
]

const badMultibulks: Case[] = [
  { name: 'no count', input: '*\r\n', requests: [], error: COUNT },
  { name: 'count not a number', input: '*x\r\n', requests: [], error: COUNT },
  { name: 'count with a tail', input: '*1x\r\n$4\r\nping\r\n', requests: [], error: COUNT },
  { name: 'count with a sign', input: '*+1\r\n$4\r\nping\r\n', requests: [], error: COUNT },
  { name: 'count with a zero first', input: '*01\r\n$4\r\nping\r\n', requests: [], error: COUNT },
  { name: 'count -0', input: '*-0\r\nping\r\n', requests: [], error: COUNT },
  { name: 'count of a space', input: '* 1\r\nping\r\n', requests: [], error: COUNT },
  { name: 'count beyond int32', input: '*2147483648\r\n', requests: [], error: COUNT },
  { name: 'count beyond int64', input: '*-9223372036854775809\r\n', requests: [], error: COUNT },
  { name: 'CR at once', input: '*\r1\r\n', requests: [], error: COUNT },
  { name: 'no "$"', input: '*2\r\n$4\r\necho\r\n:1\r\n', requests: [], error: "Protocol error: expected '$', got ':'" },
  { name: 'no "$" but a number', input: '*1\r\n123\r\n', requests: [], error: "Protocol error: expected '$', got '1'" },
  { name: 'an empty line', input: '*1\r\n\r\n', requests: [], error: "Protocol error: expected '$', got '\r'" },
  { name: 'no size', input: '*1\r\n$\r\n', requests: [], error: SIZE },
  { name: 'size not a number', input: '*1\r\n$x\r\n', requests: [], error: SIZE },
  { name: 'size with a zero first', input: '*1\r\n$04\r\nping\r\n', requests: [], error: SIZE },
  { name: 'size with two zeros', input: '*1\r\n$00\r\n\r\n', requests: [], error: SIZE },
  { name: 'size with a tail', input: '*1\r\n$4 \r\nping\r\n', requests: [], error: SIZE },
  { name: 'size with a sign', input: '*1\r\n$+4\r\nping\r\n', requests: [], error: SIZE },
  { name: 'size -1', input: '*1\r\n$-1\r\n', requests: [], error: SIZE },
  { name: 'size -0', input: '*1\r\n$-0\r\n', requests: [], error: SIZE },
  { name: 'size beyond the limit', input: '*1\r\n$536870913\r\n', requests: [], error: SIZE },
  { name: 'size beyond int64', input: '*1\r\n$9223372036854775808\r\n', requests: [], error: SIZE },
  { name: 'after a request', input: '*1\r\n$3\r\nfoo\r\n*\r\n', requests: [['foo']], error: COUNT },
  { name: 'in the second argument', input: '*2\r\n$3\r\nfoo\r\n$x\r\n', requests: [], error: SIZE },
]

const limits: Case[] = [
  {
    name: 'count line too long',
    input: `*${ones(LINE)}`,
    requests: [],
    error: 'Protocol error: too big mbulk count string',
  },
  { name: 'count line at its limit', input: `*${ones(LINE - 1)}`, requests: [], isOpen: true },
  { name: 'count line at its limit, ended', input: `*${ones(LINE - 1)}\r\n`, requests: [], error: COUNT },
  {
    name: 'count line too long, ended',
    input: `*${ones(LINE)}\r\n`,
    requests: [],
    error: 'Protocol error: too big mbulk count string',
    unlikeRedis: LONG_LINE,
  },
  {
    name: 'size line too long',
    input: `*1\r\n$${ones(LINE)}`,
    requests: [],
    error: 'Protocol error: too big bulk count string',
  },
  { name: 'size line at its limit', input: `*1\r\n$${ones(LINE - 1)}`, requests: [], isOpen: true },
  {
    name: 'size line too long, ended',
    input: `*1\r\n$${ones(LINE)}\r\n`,
    requests: [],
    error: 'Protocol error: too big bulk count string',
    unlikeRedis: LONG_LINE,
  },
  { name: 'inline too long', input: a(LINE + 1), requests: [], error: 'Protocol error: too big inline request' },
  { name: 'inline at its limit', input: a(LINE), requests: [], isOpen: true },
  {
    name: 'inline too long, ended',
    input: `${a(LINE + 1)}\n`,
    requests: [],
    error: 'Protocol error: too big inline request',
    unlikeRedis: LONG_LINE,
  },
  { name: 'inline at its limit, ended', input: `foo ${a(LINE - 4)}\n`, requests: [['foo', a(LINE - 4)]] },
  {
    name: 'size at a set limit',
    input: '*1\r\n$9\r\nabcdefghi\r\n',
    requests: [['abcdefghi']],
    limits: { bulkSizeMax: 9 },
  },
  { name: 'size beyond a set limit', input: '*1\r\n$10\r\n', requests: [], error: SIZE, limits: { bulkSizeMax: 9 } },
  {
    name: 'count at a set limit',
    input: '*2\r\n$1\r\na\r\n$1\r\nb\r\n',
    requests: [['a', 'b']],
    limits: { argCountMax: 2 },
  },
  { name: 'count beyond a set limit', input: '*3\r\n', requests: [], error: COUNT, limits: { argCountMax: 2 } },
  {
    name: 'request at a set limit',
    input: '*2\r\n$1\r\na\r\n$1\r\nb\r\n',
    requests: [['a', 'b']],
    limits: { querySizeMax: 18 },
  },
  {
    name: 'request beyond a set limit',
    input: '*2\r\n$1\r\na\r\n$1\r\n',
    requests: [],
    error: 'Protocol error: too big request',
    limits: { querySizeMax: 17 },
  },
  {
    name: 'unauthenticated: 10 arguments',
    input: `*10\r\n$16384\r\n${a(16384)}`,
    requests: [],
    isOpen: true,
    isUnauthenticated: true,
  },
  {
    name: 'unauthenticated: 11 arguments',
    input: '*11\r\n',
    requests: [],
    error: 'Protocol error: unauthenticated multibulk length',
    isUnauthenticated: true,
  },
  {
    name: 'unauthenticated: size',
    input: '*1\r\n$16385\r\n',
    requests: [],
    error: 'Protocol error: unauthenticated bulk length',
    isUnauthenticated: true,
  },
  {
    name: 'unauthenticated: a bad count',
    input: '*2147483648\r\n',
    requests: [],
    error: COUNT,
    isUnauthenticated: true,
  },
  {
    name: 'unauthenticated: a bad size',
    input: '*1\r\n$536870913\r\n',
    requests: [],
    error: SIZE,
    isUnauthenticated: true,
  },
]

const inlines: Case[] = [
  { name: 'one word', input: 'ping\r\n', requests: [['ping']] },
  { name: 'LF alone', input: 'foo a b\n', requests: [['foo', 'a', 'b']] },
  { name: 'spaces around', input: ' \tfoo  a\t b \r\n', requests: [['foo', 'a', 'b']] },
  { name: 'two CRs', input: 'foo a\r\r\n', requests: [['foo', 'a']] },
  { name: 'CR within', input: 'foo a\rb\r\n', requests: [['foo', 'a', 'b']] },
  { name: 'empty lines', input: '\r\n\n\r\r\n  \t \r\nping\r\n', requests: [['ping']] },
  { name: 'VT and FF within words', input: 'foo a\x0bb\x0c\r\n', requests: [['foo', 'a\x0bb\x0c']] },
  { name: 'VT and FF before words', input: 'foo \x0c\x0ba\r\n', requests: [['foo', 'a']] },
  { name: 'bytes beyond ASCII', input: 'foo \xc3\xa9 \xa0\xff\r\n', requests: [['foo', '\xc3\xa9', '\xa0\xff']] },
  {
    name: 'zero byte',
    input: 'foo a\0b\r\n',
    requests: [['foo', 'a\0b']],
    unlikeRedis: 'it would wait for the end of the line',
  },
  { name: 'a space before "*"', input: ' *1\r\n', requests: [['*1']] },
  { name: 'double quotes', input: 'foo "a b" "" "\'"\r\n', requests: [['foo', 'a b', '', "'"]] },
  { name: 'double quotes within a word', input: 'foo a"b c"\r\n', requests: [['foo', 'ab c']] },
  { name: 'double quotes alone', input: '""\r\n', requests: [['']] },
  { name: 'CR within quotes', input: 'foo "a\rb"\r\n', requests: [['foo', 'a\rb']] },
  { name: 'VT behind a closing quote', input: 'foo "a"\x0bb\r\n', requests: [['foo', 'a', 'b']] },
  { name: 'escapes', input: 'foo "\\n\\r\\t\\b\\a\\\\\\"\\q"\r\n', requests: [['foo', '\n\r\t\b\x07\\"q']] },
  {
    name: 'hex',
    input: 'foo "\\x41\\xfF\\x0a" "\\x4" "\\xg1" "\\x"\r\n',
    requests: [['foo', 'A\xff\n', 'x4', 'xg1', 'x']],
  },
  { name: 'escapes without quotes', input: 'foo \\n \\x41\r\n', requests: [['foo', '\\n', '\\x41']] },
  { name: 'single quotes', input: "foo 'a b' '' '\"'\r\n", requests: [['foo', 'a b', '', '"']] },
  { name: 'escapes in single quotes', input: "foo 'a\\'b\\n\\x41\\\\ '\r\n", requests: [['foo', "a'b\\n\\x41\\\\ "]] },
  { name: 'single quotes within a word', input: "foo a'b c'\r\n", requests: [['foo', 'ab c']] },
  { name: 'not ended', input: 'foo "a', requests: [], isOpen: true },
  { name: 'double quote not closed', input: 'foo "a\r\n', requests: [], error: QUOTES },
  { name: 'single quote not closed', input: "foo 'a\r\n", requests: [], error: QUOTES },
  { name: 'text behind a double quote', input: 'foo "a"b\r\n', requests: [], error: QUOTES },
  { name: 'text behind a single quote', input: "foo 'a'b\r\n", requests: [], error: QUOTES },
  { name: 'a quote behind a quote', input: 'foo "a""b"\r\n', requests: [], error: QUOTES },
  { name: 'escape at the end', input: 'foo "a\\\r\n', requests: [], error: QUOTES },
  { name: 'escaped closing quote', input: 'foo "a\\"\r\n', requests: [], error: QUOTES },
  { name: 'two backslashes before a closing single quote', input: "foo 'a\\\\'\r\n", requests: [], error: QUOTES },
  { name: 'escaped closing single quote', input: "foo 'a\\'\r\n", requests: [], error: QUOTES },
  { name: 'hex at the end', input: 'foo "a\\x4\r\n', requests: [], error: QUOTES },
  { name: 'after a request', input: 'foo\r\nfoo "\r\n', requests: [['foo']], error: QUOTES },
]

/** Every decoder test runs each of these whole, byte by byte and cut at every point. */
export const cases: readonly Case[] = [...multibulks, ...badMultibulks, ...limits, ...inlines]
