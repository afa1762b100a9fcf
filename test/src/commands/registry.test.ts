import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_COMMANDS } from '../../../src/commands/all.js'
import type { Command } from '../../../src/commands/command.js'
import { Registry } from '../../../src/commands/registry.js'
import { argsOf } from '../../helpers/args.js'

const registry = new Registry(ALL_COMMANDS)

function command(name: string, code: number): Command {
  const [first] = ALL_COMMANDS
  return { ...first!, name, code }
}

test('every command is found by its name, in any case', () => {
  for (const expected of ALL_COMMANDS) {
    const { name } = expected
    const mixed = Array.from(name, (c, i) => (i % 2 === 0 ? c.toUpperCase() : c)).join('')
    for (const written of [name, name.toUpperCase(), mixed]) {
      assert.equal(registry.find(argsOf(written), 0), expected, written)
      assert.equal(registry.find(argsOf('x', written, 'y'), 1), expected)
    }
    assert.equal(registry.byCode(expected.code), expected)
  }
})

test('no other bytes name a command', () => {
  const names = new Set(ALL_COMMANDS.map((it) => it.name))
  for (const name of names) {
    const bytes = Buffer.from(name)
    const others = [bytes.subarray(1), bytes.subarray(0, -1), Buffer.from(`${name}s`), Buffer.from(` ${name}`)]
    others.push(Buffer.from(`${name}\0`), Buffer.from(name + name), Buffer.from(`${name}xxxx`))
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= 1 << bit
        others.push(flipped)
      }
    }
    for (const other of others) {
      const folded = other.toString('latin1').replace(/[A-Z]/g, (c) => c.toLowerCase())
      const found = registry.find(argsOf(other), 0)?.name
      assert.equal(found, names.has(folded) ? folded : undefined, JSON.stringify(other.toString('latin1')))
    }
  }
  assert.equal(registry.find(argsOf(''), 0), undefined)
  assert.equal(registry.find(argsOf('a'.repeat(100_000)), 0), undefined)
})

test('what lies beside the name in the buffer does not matter', () => {
  const args = argsOf('xgetx')
  args.starts[0] = 1
  args.ends[0] = 4
  assert.equal(registry.find(args, 0)?.name, 'get')
})

test('all of them, in the order of their names', () => {
  const names = registry.all.map((it) => it.name)
  assert.equal(names.length, ALL_COMMANDS.length)
  assert.deepEqual(names, [...names].sort())
})

test('names and codes are what the log and the lookup need', () => {
  for (const { name, code, arity } of ALL_COMMANDS) {
    assert.match(name, /^[a-z][a-z0-9.|-]*$/)
    assert.ok(Number.isInteger(code) && code >= 16 && code <= 0xffff, `${name}: ${code}`)
    assert.ok(arity !== 0, name)
  }
  assert.equal(registry.byCode(15), undefined)
})

test('two commands share neither code nor name', () => {
  assert.throws(() => new Registry([command('one', 20), command('two', 20)]), /code 20/)
  assert.throws(() => new Registry([command('one', 20), command('one', 21)]), /one/)
})
