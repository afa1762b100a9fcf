import { Access } from '../../src/access.js'
import type { BlockedClients } from '../../src/commands/blocking/blocked-clients.js'
import { CommandStats } from '../../src/commands/command-stats.js'
import type { Registry } from '../../src/commands/registry.js'
import type { ServerView } from '../../src/commands/server-view.js'
import type { Session } from '../../src/commands/session.js'
import type { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { RedisSettings } from '../../src/redis-settings.js'

/** The server around commands under test: as the daemon's where that needs no daemon. */
export class BenchView implements ServerView {
  readonly registry: Registry
  readonly redisVersion = '7.0.15'
  readonly stats = new CommandStats()
  readonly access = new Access('')
  readonly settings = new RedisSettings(
    new Map([
      ['port', { get: () => '7380' }],
      ['maxclients', { get: () => '10' }],
    ]),
  )
  readonly compaction = {
    now: () => 'started' as const,
    facts: () => ({ compaction_runs: 0, compaction_last_status: 'ok' }),
  }
  shutdowns = 0
  /** Made with the log. */
  subscriptions!: Subscriptions
  resets = 0
  sessions: Iterable<Session> = []
  blocked: BlockedClients | null = null

  constructor(registry: Registry) {
    this.registry = registry
  }

  info(wanted: (section: string) => boolean): Record<string, Record<string, string | number>> {
    const all = {
      Server: { one: 1, two: 'x' },
      Clients: { three: 3 },
      Modules: {},
      Commandstats: { four: 4 },
    }
    return Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name.toLowerCase())))
  }

  resetStats(): void {
    this.resets++
  }

  clients(): Iterable<Session> {
    return this.sessions
  }

  unblock(clientId: number, withError: boolean): boolean {
    return this.blocked?.unblock(clientId, withError) ?? false
  }

  isOpen(): boolean {
    return this.access.isOpen
  }

  isPassword(given: Buffer): boolean {
    return this.access.isPassword(given)
  }

  lastCommitMs(): number {
    return 1_700_000_000_999
  }

  valueSizeMax(): number {
    return 512 * 1024 * 1024
  }

  random(): number {
    return Math.random()
  }

  shutdown(): void {
    this.shutdowns++
  }
}
