import { type Command, Option } from 'commander'
import { bytes } from '../arguments.js'
import type { Run } from '../output.js'

/** Adds `flin backup` and `flin restore`. What a command needs is loaded when it runs. */
export function addBackupCommands(program: Command, run: Run): void {
  program
    .command('backup')
    .description('makes a backup of a log, or brings it up to date; also beside a running flin-server')
    .addOption(new Option('--data <folder>', 'folder of the log').env('FLIN_DATA').default('./data'))
    .requiredOption('--to <folder>', 'folder of the backup: empty, not there, or a backup of this log')
    .option('--rate <size>', 'bytes a second that are read, at most, as 64mb; 0: no bound', bytes, 0)
    .option('--verify', 'also read what the backup has already, and copy anew what is not as it was written')
    .option('--json', 'as one JSON object')
    .allowExcessArguments(false)
    .action((it: { data: string; to: string; rate: number; verify?: true; json?: true }) => {
      const { data: from, to, rate, verify, json } = it
      return run([from, to], async (output) => {
        const { backup } = await import('./backup.js')
        return backup({ from, to, rate, verify: verify === true, json: json === true }, output)
      })
    })

  program
    .command('restore')
    .description('makes a log of a backup, in a folder that is empty or not there')
    .requiredOption('--from <folder>', 'folder of the backup')
    .requiredOption('--to <folder>', 'folder of the log that is made')
    .option('--rate <size>', 'bytes a second that are read, at most, as 64mb; 0: no bound', bytes, 0)
    .option('--json', 'as one JSON object')
    .allowExcessArguments(false)
    .action(({ from, to, rate, json }: { from: string; to: string; rate: number; json?: true }) =>
      run([from, to], async (output) => {
        const { restore } = await import('./restore.js')
        return restore({ from, to, rate, json: json === true }, output)
      }),
    )
}
