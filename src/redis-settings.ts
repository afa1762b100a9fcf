import { ReplyError } from './commands/command.js'
import type { SettingsView } from './commands/server-view.js'
import { REDIS_SETTINGS, type RedisSetting } from './redis-setting-table.js'

/** A setting that the daemon has: how it stands, and what happens when it is set. */
export interface LiveSetting {
  readonly get: () => string
  /** Takes a value that its kind has found right; returns why it cannot be, or null when it holds from now on. */
  readonly check?: (value: string) => string | null
  readonly set?: (value: string) => void
}

const BY_NAME = new Map<string, RedisSetting>(
  REDIS_SETTINGS.flatMap((it) => [
    [it.name, it] as const,
    ...(it.alias === undefined ? [] : [[it.alias, it] as const]),
  ]),
)

/** Settings by the names that Redis gives them, for clients and tools that ask, or set some. */
export class RedisSettings implements SettingsView {
  readonly #live: ReadonlyMap<string, LiveSetting>
  readonly #values = new Map<string, string>()

  /**
   * @param live those that the daemon has; the others are remembered, and do nothing.
   * @param initial what some of the others show at first, where the daemon was told so at its start.
   */
  constructor(live: ReadonlyMap<string, LiveSetting>, initial: ReadonlyMap<string, string> = new Map()) {
    this.#live = live
    for (const { name, initial: value } of REDIS_SETTINGS) {
      if (value !== undefined) this.#values.set(name, initial.get(name) ?? value)
    }
  }

  *entries(): Iterable<readonly [name: string, value: string]> {
    for (const [name, setting] of BY_NAME) yield [name, this.#get(setting.name)]
  }

  #get(name: string): string {
    return this.#live.get(name)?.get() ?? this.#values.get(name) ?? ''
  }

  set(pairs: readonly (readonly [name: string, value: string])[]): void {
    const settings = this.#find(pairs)
    const values = pairs.map(([name, given], i) => {
      const result = settings[i]!.read!(given)
      if ('fault' in result) throw failed(name.toLowerCase(), result.fault)
      const fault = this.#live.get(settings[i]!.name)?.check?.(result.value) ?? null
      if (fault !== null) throw failed(name.toLowerCase(), fault)
      return result.value
    })
    settings.forEach(({ name }, i) => {
      const live = this.#live.get(name)
      if (live?.set === undefined) this.#values.set(name, values[i]!)
      else live.set(values[i]!)
    })
  }

  /** All of them must be known, and may be set, before a value is looked at. */
  #find(pairs: readonly (readonly [name: string, value: string])[]): RedisSetting[] {
    const found: RedisSetting[] = []
    for (const [name] of pairs) {
      const setting = BY_NAME.get(name.toLowerCase())
      if (setting === undefined) {
        throw new ReplyError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
      }
      if (setting.read === undefined) throw failed(name, "can't set immutable config")
      if (found.includes(setting)) throw failed(name, 'duplicate parameter')
      found.push(setting)
    }
    return found
  }
}

function failed(name: string, why: string): ReplyError {
  return new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`)
}
