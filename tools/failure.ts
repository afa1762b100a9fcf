import path from 'node:path'
import { FlinError } from '../segments/index.js'
import { EXIT_CODES, EXIT_UNFORESEEN } from '../src/exit-codes.js'
import type { Output } from './output.js'

/** Says why a command on a folder, or from one to another, ended; returns the exit code that tells it. */
export async function tellFailure(folders: readonly string[], error: unknown, output: Output): Promise<number> {
  if (error instanceof FlinError) {
    // What is damaged is damaged in the first; which folder does not do for what is wanted, the text says.
    const named = error.code === 'BAD_SETTING' ? folders : folders.slice(0, 1)
    const where = named.map((folder) => path.resolve(folder)).join(' to ')
    await output.complain(`${where}: ${error.message} (${error.code})\n`)
    return EXIT_CODES[error.code] ?? EXIT_UNFORESEEN
  }
  if (error instanceof Error && 'syscall' in error) {
    await output.complain(`${error.message} (DISK_FAILED)\n`)
    return EXIT_CODES.DISK_FAILED ?? EXIT_UNFORESEEN
  }
  await output.complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT_UNFORESEEN
}
