/** An entry, as XRANGE tells it. */
export interface NaiveEntry {
  /** The first half of its id; the second one is always 1. */
  readonly ms: number
  readonly text: string
}

export interface NaivePending {
  consumer: string
  count: number
}

export interface NaiveGroup {
  lastMs: number
  readonly consumers: Set<string>
  readonly pending: Map<number, NaivePending>
}

/** A stream with its groups, the way somebody would write one who had no log to think of. Ids have one number. */
export class NaiveStream {
  entries: NaiveEntry[] = []
  lastMs = 0
  addedCount = 0
  readonly groups = new Map<string, NaiveGroup>()

  copy(): NaiveStream {
    const copy = new NaiveStream()
    copy.entries = [...this.entries]
    copy.lastMs = this.lastMs
    copy.addedCount = this.addedCount
    for (const [name, { lastMs, consumers, pending }] of this.groups) {
      const copied = [...pending].map(([ms, it]) => [ms, { ...it }] as const)
      copy.groups.set(name, { lastMs, consumers: new Set(consumers), pending: new Map(copied) })
    }
    return copy
  }

  add(ms: number, text: string): void {
    if (ms <= this.lastMs) return
    this.entries.push({ ms, text })
    this.lastMs = ms
    this.addedCount++
  }

  remove(ids: readonly number[]): void {
    this.entries = this.entries.filter(({ ms }) => !ids.includes(ms))
  }

  trim(count: number): void {
    if (this.entries.length > count) this.entries = this.entries.slice(this.entries.length - count)
  }

  createGroup(name: string, from: string): void {
    if (this.groups.has(name)) return
    this.groups.set(name, { lastMs: from === '$' ? this.lastMs : 0, consumers: new Set(), pending: new Map() })
  }

  read(name: string, consumer: string, count: number): void {
    const group = this.groups.get(name)
    if (group === undefined) return
    for (const { ms } of this.entries.filter((it) => it.ms > group.lastMs).slice(0, count)) {
      group.consumers.add(consumer)
      group.pending.set(ms, { consumer, count: 1 })
      group.lastMs = ms
    }
  }

  acknowledge(name: string, ids: readonly number[]): void {
    for (const ms of ids) this.groups.get(name)?.pending.delete(ms)
  }

  /** What was removed meanwhile is nobody's any more. */
  claim(name: string, consumer: string, ids: readonly number[]): void {
    const group = this.groups.get(name)
    for (const ms of ids) {
      const pending = group?.pending.get(ms)
      if (group === undefined || pending === undefined) continue
      if (!this.entries.some((it) => it.ms === ms)) group.pending.delete(ms)
      else {
        group.consumers.add(consumer)
        group.pending.set(ms, { consumer, count: pending.count + 1 })
      }
    }
  }

  removeConsumer(name: string, consumer: string): void {
    const group = this.groups.get(name)
    if (group === undefined) return
    group.consumers.delete(consumer)
    for (const [ms, pending] of group.pending) if (pending.consumer === consumer) group.pending.delete(ms)
  }

  /** All that is told of it, in a form that can be compared. */
  facts(): unknown {
    const groups = [...this.groups].map(([name, { lastMs, consumers, pending }]) => ({
      name,
      lastMs,
      consumers: [...consumers].sort(),
      pending: [...pending].sort(([a], [b]) => a - b).map(([ms, { consumer, count }]) => [ms, consumer, count]),
    }))
    groups.sort((a, b) => (a.name < b.name ? -1 : 1))
    return {
      lastMs: this.lastMs,
      addedCount: this.addedCount,
      entries: this.entries.map(({ ms, text }) => [ms, text]),
      groups,
    }
  }
}
