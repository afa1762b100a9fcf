import type { Disk, Log, LogOptions } from '../../segments/index.js'
import { runLoaded } from '../../src/models/cold.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { MESSAGE_COMMAND, messageSize } from '../../src/models/messages/messages.js'
import { Subscriptions } from '../../src/subscriptions/subscriptions.js'
import { Commits } from './compactions.js'
import { openKeyspace } from './memory-log.js'
import { SimDisk } from './sim-disk.js'

/** A small log with messages and keys, and those who subscribe: no sockets, and commits when the test says so. */
export class MessageBench {
  readonly log: Log
  readonly keyspace: Keyspace
  readonly subscriptions: Subscriptions
  readonly commits: Commits

  constructor(log: Log, keyspace: Keyspace) {
    this.log = log
    this.keyspace = keyspace
    this.subscriptions = new Subscriptions(log, keyspace.messages, (error) => {
      throw error
    })
    this.commits = new Commits(log)
  }

  /** Publishes as PUBLISH does, into the log; returns the offset. */
  publish(channel: string, payload: string, ageMs = this.keyspace.messages.rules.ageMs): number {
    const [name, bytes] = [Buffer.from(channel), Buffer.from(payload)]
    const { keyspace, subscriptions } = this
    keyspace.begin(messageSize(name.length, bytes.length))
    const { publish } = MESSAGE_COMMAND
    const offset = keyspace.messages.append(publish, ageMs, name, 0, name.length, bytes, 0, bytes.length)
    subscriptions.appended(offset)
    subscriptions.publish(false, name, 0, name.length, bytes, 0, bytes.length, offset)
    return offset
  }

  async set(key: string, value: string): Promise<void> {
    const [name, bytes] = [Buffer.from(key), Buffer.from(value)]
    await runLoaded(this.log, () => {
      this.keyspace.find(name, 0, name.length)
      this.keyspace.begin(name.length * 3 + bytes.length + 200)
      this.keyspace.put(name, 0, name.length, bytes, 0, bytes.length, 0)
    })
  }

  async commit(): Promise<void> {
    await this.commits.flush()
    this.subscriptions.committed(this.log.committedOffset)
    this.keyspace.removals.committed(this.log.committedOffset)
  }

  async close(): Promise<void> {
    await this.log.close()
  }
}

export async function openMessages(
  options: Partial<LogOptions> = {},
  disk: Disk = new SimDisk({ isQuick: true }),
): Promise<MessageBench> {
  const { log, keyspace } = await openKeyspace(disk, options)
  return new MessageBench(log, keyspace)
}
