import { pino } from 'pino'
import { type Disk, type FlinError, Log } from '../../segments/index.js'
import { readSettings, type Settings } from '../../src/config.js'
import { Server } from '../../src/server.js'

/** The daemon in this process, on a disk and with a clock of the test. */
export interface ServerOnDisk {
  readonly server: Server
  readonly port: number
  /** Settles with what ended the daemon. */
  readonly ended: Promise<FlinError | null>
}

/** Starts it on a free port; it is stopped after the test. */
export async function startOnDisk(
  context: { after: (job: () => Promise<void>) => void },
  disk: Disk,
  changes: Partial<Settings> = {},
  now: () => number = Date.now,
): Promise<ServerOnDisk> {
  let end: (error: FlinError | null) => void = () => undefined
  const ended = new Promise<FlinError | null>((resolve) => {
    end = resolve
  })
  const settings = { ...readSettings({ port: 0, segmentSize: '1mb', reserveSize: 0 }, {}), ...changes }
  const server = await Server.start(settings, pino({ level: 'silent' }), end, (_folder, options) =>
    Log.openOn(disk, { ...options, now }),
  )
  context.after(() => server.stop())
  return { server, port: server.address.port, ended }
}
