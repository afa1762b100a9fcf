import { Command, CommanderError } from 'commander'
import { EXIT_CODES, EXIT_UNFORESEEN } from '../src/exit-codes.js'
import { FLIN_VERSION } from '../src/version.js'
import { addBackupCommands } from './backup/commands.js'
import { addLogCommands } from './log/commands.js'
import { Output, type Run, type Surroundings } from './output.js'

/**
 * Runs `flin` with arguments until it is done and all is printed; returns the exit code. The log engine is loaded by the commands
 * that need it: that takes longer than --help or a wrong option should.
 */
export async function runFlin(args: readonly string[], around: Surroundings): Promise<number> {
  const output = new Output(around)
  let exitCode = 0
  const run: Run = async (folders, job) => {
    try {
      exitCode = await job(output)
    } catch (error) {
      const { tellFailure } = await import('./failure.js')
      exitCode = await tellFailure(folders, error, output)
    }
    await output.flush()
  }
  const { stdout, stderr } = around
  const program = new Command('flin')
    .description('Looks into what flin-server has written, and keeps copies of it.')
    .version(FLIN_VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
  addLogCommands(program, run, around)
  addBackupCommands(program, run)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : (EXIT_CODES.BAD_SETTING ?? EXIT_UNFORESEEN)
  }
  return exitCode
}
