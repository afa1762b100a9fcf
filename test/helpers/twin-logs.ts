import assert from 'node:assert/strict'
import type { Log, LogOptions } from '../../segments/index.js'
import { stateDigest } from '../../src/models/digest.js'
import type { Keyspace } from '../../src/models/keyspace.js'
import { applyKeyStep, type KeyStep } from './key-steps.js'
import { openKeyspace } from './memory-log.js'
import { SimDisk } from './sim-disk.js'

interface Twin {
  readonly log: Log
  readonly keyspace: Keyspace
}

/** Two logs that live the same life, each on a disk of its own; whoever uses them compacts the first, and only that. */
export class TwinLogs {
  readonly disk = new SimDisk({ isQuick: true })
  readonly plainDisk = new SimDisk({ isQuick: true })
  first!: Twin
  second!: Twin
  readonly #options: Partial<LogOptions>
  /** Steps so far: values are told from one another by it. */
  #count = 0

  private constructor(options: Partial<LogOptions>) {
    this.#options = options
  }

  static async open(options: Partial<LogOptions>): Promise<TwinLogs> {
    const twins = new TwinLogs(options)
    await twins.#open()
    return twins
  }

  async #open(): Promise<void> {
    this.first = await openKeyspace(this.disk, this.#options)
    this.second = await openKeyspace(this.plainDisk, this.#options)
  }

  /** Does to both what a step does to keys; other steps do nothing. */
  async apply(step: KeyStep | { readonly op: string }): Promise<void> {
    for (const { log, keyspace } of [this.first, this.second]) {
      keyspace.now = log.now()
      if ('key' in step) await applyKeyStep(keyspace, step, this.#count)
      if (step.op === 'clear') {
        keyspace.begin(100)
        keyspace.clear()
      }
    }
    this.#count++
  }

  async flush(): Promise<void> {
    await this.first.log.flush()
    await this.second.log.flush()
  }

  async close(): Promise<void> {
    await this.first.log.close()
    await this.second.log.close()
  }

  /** @param between what happens to the disk of the first while nobody has it open */
  async reopen(between: (disk: SimDisk) => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.close()
    await between(this.disk)
    await this.#open()
  }

  /** Both have the same state, also after a restart. They are closed then. */
  async compare(): Promise<void> {
    await this.#isEqual()
    await this.reopen()
    await this.#isEqual()
    await this.close()
  }

  async #isEqual(): Promise<void> {
    assert.equal(await stateDigest(this.first.keyspace), await stateDigest(this.second.keyspace))
  }
}
