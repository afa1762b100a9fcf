#!/usr/bin/env node
import { EXIT_UNFORESEEN } from '../src/exit-codes.js'
import { runFlin } from './program.js'

// A reader such as `head` has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_UNFORESEEN)
})
const { stdout, stderr, env } = process
process.exitCode = await runFlin(process.argv.slice(2), { stdout, stderr, env })
