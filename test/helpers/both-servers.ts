import { after, before } from 'node:test'
import { Daemon, temporaryFolder } from './daemon.js'
import { needs } from './needs.js'
import { RedisServer } from './redis-server.js'

/** Where Redis and flin-server listen. */
export interface ServerPorts {
  readonly reference: number
  readonly actual: number
}

/**
 * Redis and flin-server for all tests of the file that asks for them: from before the first until after the last. Where there is no
 * redis-server neither is started; its tests are to be skipped by `needed`.
 */
export function bothServers(daemonArgs: string[] = []): {
  readonly needed: ReturnType<typeof needs>
  readonly ports: ServerPorts
} {
  const needed = needs('redis-server')
  const cleanups: (() => void | Promise<void>)[] = []
  const ports = { reference: 0, actual: 0 }
  before(async () => {
    if (needed.skip !== false) return
    const context = { after: (job: () => void | Promise<void>) => cleanups.push(job) }
    const redis = await RedisServer.start(temporaryFolder(context))
    cleanups.unshift(() => redis.stop())
    ports.reference = redis.port
    const daemon = await Daemon.start(temporaryFolder(context), daemonArgs)
    cleanups.unshift(async () => {
      await daemon.stop('SIGKILL')
    })
    ports.actual = daemon.port
  })
  after(async () => {
    for (const job of cleanups) await job()
  })
  return { needed, ports }
}
