import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bug } from './bugs.js'

/** The project's folder: this module runs from dist/test/planted. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

/**
 * The source with the bug in it.
 * @throws Error when the text to be replaced does not stand there exactly once: the list is out of date.
 */
export function plant(bug: Bug): string {
  const parts = fs.readFileSync(path.join(ROOT, bug.file), 'utf8').split(bug.find)
  if (parts.length !== 2) {
    throw new Error(
      `${bug.name}: its text stands ${parts.length - 1} times in ${bug.file}, not once; mend test/planted/bugs.ts`,
    )
  }
  return parts.join(bug.replace)
}
