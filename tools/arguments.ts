import { InvalidArgumentError } from 'commander'
import { sizeOf } from './text.js'

/** `64mb`: so many bytes. @throws InvalidArgumentError, which commander shows. */
export function bytes(text: string): number {
  const size = sizeOf(text)
  if (size === null) throw new InvalidArgumentError('It must be a size, written as 4096, 64mb or 1gb.')
  return size
}

/** A number from 0 on. @throws InvalidArgumentError, which commander shows. */
export function whole(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** A number from 1 on. @throws InvalidArgumentError, which commander shows. */
export function positive(text: string): number {
  const value = whole(text)
  if (value === 0) throw new InvalidArgumentError('It must be 1 or more.')
  return value
}

/** Any text but the empty one. @throws InvalidArgumentError, which commander shows. */
export function present(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}
