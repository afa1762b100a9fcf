#!/usr/bin/env node
import { Command, Option } from 'commander'
import { pino, type Logger } from 'pino'
import { FlinError } from '../segments/index.js'
import { readSettings, SETTING_NAMES, type Settings } from './config.js'
import { EXIT_ADVICE, EXIT_CODES, EXIT_UNFORESEEN } from './exit-codes.js'
import { Server } from './server.js'
import { environmentName, unknownVariables } from './setting-names.js'
import { FLIN_VERSION } from './version.js'

const OPTIONS: readonly (readonly [flags: string, name: string, text: string])[] = [
  ['--node-id <id>', 'nodeId', 'name of this node (default: flin-1)'],
  ['--host <address>', 'host', 'address to listen on (default: 127.0.0.1)'],
  ['--port <port>', 'port', 'port to listen on; 0: any free one (default: 7380)'],
  ['--data <folder>', 'data', 'folder of the log (default: ./data)'],
  ['--memory [size]', 'memory', 'keep the log in memory only, up to this size (1gb)'],
  ['--fsync <policy>', 'fsync', 'when a write is acknowledged: always, everysec, no (default: always)'],
  ['--segment-size <size>', 'segmentSize', 'size of one file of the log (default: 64mb)'],
  ['--cache-size <size>', 'cacheSize', 'memory for records (default: 1gb)'],
  ['--reserve-size <size>', 'reserveSize', 'free space on the disk that is left alone (default: 64mb)'],
  ['--max-disk <size>', 'maxDisk', 'space that the log may take on the disk; 0: no bound (default: 0)'],
  ['--history <window>', 'history', 'how long superseded records stay: none, 7d, 10gb, forever (default: none)'],
  ['--compaction <yes|no>', 'compaction', 'whether the log is compacted by itself (default: yes)'],
  ['--compaction-rate <size>', 'compactionRate', 'bytes a second for compaction; 0: no bound (default: 256mb)'],
  ['--message-retention <time>', 'messageRetention', 'how long published messages stay: 90s, 12h, 7d, 0 (default: 1h)'],
  [
    '--message-retention-size <size>',
    'messageRetentionSize',
    'size of published messages that stay, in all (default: 256mb)',
  ],
  [
    '--message-retention-rules <rules>',
    'messageRetentionRules',
    "the same time by channels, the first match holds: 'audit.*=7d metrics.*=0'",
  ],
  ['--clients-max <count>', 'clientsMax', 'clients at a time (default: 10000)'],
  ['--value-size-max <size>', 'valueSizeMax', 'size of a value, and of one argument (default: 512mb)'],
  ['--query-size-max <size>', 'querySizeMax', 'size of one request (default: 1gb)'],
  ['--output-size-max <size>', 'outputSizeMax', 'unread replies after which a client is closed (default: 1gb)'],
  [
    '--requirepass <password>',
    'requirepass',
    'password that clients give; other users see it here, but not in the environment',
  ],
  ['--serve-damaged', 'serveDamaged', 'serve what is intact of a damaged log, read-only'],
  ['--log-level <level>', 'logLevel', 'trace, debug, info, warn, error, fatal, silent (default: info)'],
]

const program = new Command('flin-server')
  .description('Key-value store, durable message queue and stream pub/sub on one commit log.')
  .version(FLIN_VERSION)
  .option('--config <file>', 'settings as a JSON object')
for (const [flags, name, text] of OPTIONS) program.addOption(new Option(flags, `${text} [${environmentName(name)}]`))
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_CODES.BAD_SETTING))
program.allowExcessArguments(false)
program.parse()

void run()

async function run(): Promise<void> {
  const { config, ...given } = program.opts<{ config?: string } & Record<string, unknown>>()
  let settings: Settings
  try {
    settings = readSettings(given, process.env, config ?? process.env['FLIN_CONFIG'])
  } catch (error) {
    fail(pino(pino.destination({ sync: true })), error)
  }
  const logger = pino({ level: settings.logLevel }, pino.destination({ sync: true }))
  for (const { name, nearest } of unknownVariables(process.env, SETTING_NAMES)) {
    logger.warn({ variable: name, nearest }, 'a variable that looks like a setting is none, and is left out')
  }
  process.on('uncaughtException', (error) => {
    fail(logger, error)
  })
  // Until it has started, there is nothing to finish: recovery may be broken off at any point.
  let end = (cause: string): void => {
    logger.info({ cause }, 'stopped before it was ready')
    process.exit(0)
  }
  process.on('SIGTERM', () => {
    end('SIGTERM')
  })
  process.on('SIGINT', () => {
    end('SIGINT')
  })
  try {
    const server = await Server.start(settings, logger, (error) => {
      if (error !== null) fail(logger, error)
      end('SHUTDOWN')
    })
    let isStopping = false
    end = (cause) => {
      if (isStopping) return
      isStopping = true
      logger.info({ cause }, 'stopping')
      server.stop().then(
        () => process.exit(0),
        (error: unknown) => fail(logger, error),
      )
    }
  } catch (error) {
    fail(logger, error)
  }
}

/** Ends the process with a sentence and the exit code that tells why. */
function fail(logger: Logger, error: unknown): never {
  if (error instanceof FlinError) {
    const exitCode = EXIT_CODES[error.code] ?? EXIT_UNFORESEEN
    const advice = EXIT_ADVICE[exitCode]
    logger.fatal({ code: error.code, cause: error.cause, advice }, error.message)
    process.exit(exitCode)
  }
  logger.fatal(error, 'an unforeseen failure')
  process.exit(EXIT_UNFORESEEN)
}
