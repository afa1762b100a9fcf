import type { Bug, TestChoice } from './bugs.js'

const retention = (tests: string): TestChoice[] => [{ file: 'test/src/commands/streams/retention.test.ts', tests }]
const letters = (tests: string): TestChoice[] => [{ file: 'test/src/commands/streams/dead-letters.test.ts', tests }]
const reading = (tests: string): TestChoice[] => [{ file: 'test/src/commands/streams/flin-xread.test.ts', tests }]
const foresight = (tests: string): TestChoice[] => [{ file: 'test/src/commands/transactions/foresight.test.ts', tests }]

/** Mistakes in what streams have beyond Redis 7.0: trimming that spares, settings, dead letters, reading by offset. */
export const STREAM_BUGS: readonly Bug[] = [
  {
    name: 'ack-not-written',
    why: 'XACK is answered and told, and not in the log: after a crash the entry is pending again.',
    file: 'src/models/streams/group-writes.ts',
    find: `  pending.isPending = false
  bury(keyspace, stream, pending)
`,
    replace: `  pending.isPending = false
  stream.applyMemberRemoval(pending)
`,
    caughtBy: [{ file: 'test/src/commands/crash/crash.test.ts', tests: 'all that was told is found' }],
  },
  {
    name: 'publish-not-gated',
    why: 'PUBLISH is answered before its message is committed: a crash takes it back.',
    file: 'src/commands/pubsub/publish.ts',
    find: `  keyspace.gate = log.endOffset
`,
    replace: ``,
    caughtBy: [{ file: 'test/src/commands/crash/crash.test.ts', tests: 'all that was told is found' }],
  },
  {
    name: 'round-before-commit',
    why: 'The messages of a round are sent to subscribers before they are committed.',
    file: 'src/subscriptions/subscriptions.ts',
    find: `for (const round of rounds) if (round.gate <= committedOffset) round.send()`,
    replace: `for (const round of rounds) round.send()`,
    caughtBy: [{ file: 'test/src/subscriptions/rounds.test.ts', tests: 'a round leaves when all of it is committed' }],
  },
  {
    name: 'acked-ignores-pending',
    why: 'Trimming with ACKED takes what a group has been given and has not acknowledged.',
    file: 'src/models/streams/references.ts',
    find: `    if (seekDelivered(log, stream, it.id, it, at)) return Math.min(needed, entries.offsetAt(at))
`,
    replace: ``,
    caughtBy: retention('trimming is that of a naive stream'),
  },
  {
    name: 'acked-passes-claimed',
    why: 'An entry that has become pending again lies before those that have been looked at: trimming with ACKED takes it.',
    file: 'src/models/streams/group-writes.ts',
    find: `  if (id.compare(consumer.group.goneTo) < 0) consumer.group.goneTo.copy(id)
`,
    replace: ``,
    caughtBy: retention('has become pending again'),
  },
  {
    name: 'gone-pending-walked-again',
    why: 'What is pending of entries that are gone is passed with every trimming, however much it is.',
    file: 'src/models/streams/references.ts',
    find: `    goneTo.copy(it.id)
`,
    replace: ``,
    caughtBy: retention('is passed once'),
  },
  {
    name: 'acked-ignores-undelivered',
    why: 'Trimming with ACKED takes what a group has not been given yet.',
    file: 'src/models/streams/references.ts',
    find: `  if (group.lastId.compare(stream.lastId) < 0) {`,
    replace: `  if (group.lastId.compare(stream.lastId) > 0) {`,
    caughtBy: retention('with ACKED nothing goes'),
  },
  {
    name: 'retention-ignores-acked',
    why: 'The settings of a stream let go of what a group needs, though they say ACKED.',
    file: 'src/models/streams/retention.ts',
    find: `  return isAcked && count > 0 ? `,
    replace: `  return isAcked && count < 0 ? `,
    caughtBy: retention('with ACKED nothing goes'),
  },
  {
    name: 'retention-not-seen',
    why: 'An EXEC runs though entries of a stream that is watched have gone by themselves.',
    file: 'src/models/streams/retention.ts',
    find: `  keyspace.changed(object)`,
    replace: `  keyspace.changedUnseen(object)`,
    caughtBy: retention('whoever watches a stream'),
  },
  {
    name: 'settings-not-copied',
    why: 'A copy of a stream has none of its settings.',
    file: 'src/models/streams/stream-copy.ts',
    find: `  if (from.settings !== null) addSettings(members, command, to, from.settings.values)
`,
    replace: `  if (from.settings !== null) void addSettings.name
`,
    caughtBy: retention('settings are told as they were set'),
  },
  {
    name: 'renamed-stream-does-not-age',
    why: 'A stream that has got another name is not found any more when its entries are too old.',
    file: 'src/models/keyspace.ts',
    find: `    this.changed(object)
    this.noteRetained(object)
`,
    replace: `    this.changed(object)
`,
    caughtBy: retention('a stream that was renamed ages too'),
  },
  {
    name: 'restarted-stream-does-not-age',
    why: 'After a restart nothing goes of a stream that nobody writes to.',
    file: 'src/models/keyspace.ts',
    find: `      this.retained.note(object, hi, lo)
    })`,
    replace: `      if (hi > lo && hi < lo) this.retained.note(object, hi, lo)
    })`,
    caughtBy: retention('and at rest'),
  },
  {
    name: 'dead-letter-not-acknowledged',
    why: 'What has gone to the dead-letter stream is still pending, and goes there again.',
    file: 'src/commands/streams/dead-letters.ts',
    find: `  for (const { pending } of letters) removePending(keyspace, stream, pending)`,
    replace: `  void removePending.name`,
    caughtBy: letters('claims and dead letters are those of a naive group'),
  },
  {
    name: 'dead-letter-counts-late',
    why: 'An entry is delivered once more than it may be.',
    file: 'src/commands/streams/dead-letters.ts',
    find: `pending.count >= max`,
    replace: `pending.count > max`,
    caughtBy: letters('as often as it may be'),
  },
  {
    name: 'dead-letter-not-told',
    why: 'Who waits for dead letters goes on waiting when one comes.',
    file: 'src/commands/streams/dead-letters.ts',
    find: `  keyspace.onReady(key, 0, key.length)
`,
    replace: ``,
    caughtBy: letters('or waits for it'),
  },
  {
    name: 'dead-letter-not-foreseen',
    why: 'A transaction that gives entries up writes more than the log was promised.',
    file: 'src/commands/transactions/foresight.ts',
    find: `    if (keys.size === 0) return 0
`,
    replace: `    if (keys.size < 9) return 0
`,
    caughtBy: foresight('what goes to a dead-letter stream'),
  },
  {
    name: 'time-of-the-segment',
    why: 'Reading from a time begins with the segment in which that lies.',
    file: 'src/models/streams/entry-time.ts',
    find: `if (timeOf(log, entries, at) < ms) low`,
    replace: `if (timeOf(log, entries, at) < 0) low`,
    caughtBy: reading('as a naive one is'),
  },
]
