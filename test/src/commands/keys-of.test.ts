import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command, KeySpec } from '../../../src/commands/command.js'
import { checkKeySizes, forEachKey } from '../../../src/commands/keys-of.js'
import { argsOf } from '../../helpers/args.js'

function command(keys?: KeySpec): Command {
  const rest = { name: 'x', code: 16, arity: -1, flags: [], group: 'generic', since: '', summary: '' } as const
  return { ...rest, ...(keys === undefined ? {} : { keys }), run: () => undefined }
}

function keysOf(spec: KeySpec | undefined, ...args: string[]): number[] {
  const found: number[] = []
  forEachKey(command(spec), argsOf(...args), (i) => found.push(i))
  return found
}

test('first, last and step, the last one also from the end', () => {
  assert.deepEqual(keysOf(undefined, 'ping', 'a'), [])
  assert.deepEqual(keysOf({ first: 1, last: 1, step: 1 }, 'get', 'a', 'b'), [1])
  assert.deepEqual(keysOf({ first: 1, last: -1, step: 1 }, 'del', 'a', 'b', 'c'), [1, 2, 3])
  assert.deepEqual(keysOf({ first: 1, last: -2, step: 1 }, 'x', 'a', 'b', 'timeout'), [1, 2])
  assert.deepEqual(keysOf({ first: 1, last: -1, step: 2 }, 'mset', 'a', '1', 'b', '2'), [1, 3])
})

test('a request that is too short has the keys that are there', () => {
  assert.deepEqual(keysOf({ first: 1, last: 1, step: 1 }, 'get'), [])
  assert.deepEqual(keysOf({ first: 1, last: 5, step: 1 }, 'x', 'a'), [1])
  assert.deepEqual(keysOf({ first: 1, last: -1, step: 2 }, 'mset', 'a', '1', 'b'), [1, 3])
})

test('keys, and only they, are held to the size that the log takes', () => {
  const mset = command({ first: 1, last: -1, step: 2 })
  checkKeySizes(mset, argsOf('mset', 'k'.repeat(65_535), 'v'.repeat(70_000)))
  assert.throws(
    () => {
      checkKeySizes(mset, argsOf('mset', 'a', '1', 'k'.repeat(65_536), '2'))
    },
    { code: 'KEY_TOO_LARGE' },
  )
})
