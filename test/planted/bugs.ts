import { LIST_BUGS } from './list-bugs.js'
import { STREAM_BUGS } from './stream-bugs.js'

/** A test file, and which of its tests: part of their names. */
export interface TestChoice {
  readonly file: string
  readonly tests?: string
}

/** A mistake that somebody could make, and the tests that must find it. */
export interface Bug {
  readonly name: string
  /** What breaks: one sentence. */
  readonly why: string
  /** The source in which it is planted ... */
  readonly file: string
  /** ... by putting `replace` in the place of this text, which stands there exactly once. */
  readonly find: string
  readonly replace: string
  readonly caughtBy: readonly TestChoice[]
}

const crash = (tests: string): TestChoice[] => [{ file: 'test/segments/crash.test.ts', tests }]
const gating = (tests: string): TestChoice[] => [{ file: 'test/src/net/gating.test.ts', tests }]
const lives = (tests: string): TestChoice[] => [{ file: 'test/src/models/keyspace-lives.test.ts', tests }]
const objects = (tests: string): TestChoice[] => [{ file: 'test/src/models/objects/objects.test.ts', tests }]
const streams = (tests: string): TestChoice[] => [{ file: 'test/src/commands/streams/streams.test.ts', tests }]
const salvagedObjects = (tests: string): TestChoice[] => [
  { file: 'test/src/models/objects/salvaged-objects.test.ts', tests },
]
const salvaged = (tests: string): TestChoice[] => [{ file: 'test/src/models/salvaged-keyspace.test.ts', tests }]
const space = (tests: string): TestChoice[] => [{ file: 'test/segments/segment-files.test.ts', tests }]
const cases = (tests: string): TestChoice[] => [{ file: 'test/segments/compaction-cases.test.ts', tests }]
const compaction = (tests: string): TestChoice[] => [{ file: 'test/segments/compaction.test.ts', tests }]
const backup = (file: string, tests: string): TestChoice[] => [{ file: `test/segments/backup/${file}.test.ts`, tests }]
const retention = (tests: string): TestChoice[] => [{ file: 'test/segments/retention.test.ts', tests }]
const liveness = (tests: string): TestChoice[] => [{ file: 'test/src/models/key-liveness.test.ts', tests }]
const blocked = (tests: string): TestChoice[] => [{ file: 'test/src/net/blocked.test.ts', tests }]
const walk = (tests: string): TestChoice[] => [{ file: 'test/segments/walk.test.ts', tests }]

/** Sorted by what they break: durability, gating, recovery, compaction, state, order, backups. */
export const BUGS: readonly Bug[] = [
  {
    name: 'reply-before-sync',
    why: 'Under `always` a plain write is acknowledged: a power cut loses it.',
    file: 'segments/segment-files.ts',
    find: `open(name, { write: true, dsync: this.#state.options.fsync === 'always' })`,
    replace: `open(name, { write: true, dsync: false })`,
    caughtBy: crash('plain, always, power cut'),
  },
  {
    name: 'sync-retried',
    why: 'A sync that failed is tried again and believed, though the kernel has dropped the dirty pages.',
    file: 'segments/flusher.ts',
    find: `    } catch (error) {
      throw state.poisonWith(error, 'syncing the log')
    }`,
    replace: `    } catch {
      await this.#writing.file!.sync()
    }`,
    caughtBy: crash('a sync that failed'),
  },
  {
    name: 'poison-ignored',
    why: 'After a failed write the log goes on acknowledging.',
    file: 'segments/flusher.ts',
    find: `    if (state.poison !== null) throw state.poison
    this.#appender.closeBatch()`,
    replace: `    this.#appender.closeBatch()`,
    caughtBy: crash('plain, EIO, always'),
  },
  {
    name: 'sealed-not-synced',
    why: 'Under `everysec` the next segment is begun while the one before is not durable: a power cut leaves a hole.',
    file: 'segments/flusher.ts',
    find: `    await segment.file!.sync()
    state.durableOffset = segment.endOffset`,
    replace: `    state.durableOffset = segment.endOffset`,
    caughtBy: crash('plain, everysec, power cut'),
  },
  {
    name: 'no-folder-sync',
    why: 'The folder is not synced behind the rename of a manifest: a power cut brings the old one back.',
    file: 'segments/disk.ts',
    find: `  await disk.rename(\`\${name}.tmp\`, name)
  await disk.syncFolder()`,
    replace: `  await disk.rename(\`\${name}.tmp\`, name)`,
    caughtBy: crash('plain, always, power cut'),
  },
  {
    name: 'manifest-not-synced',
    why: 'A manifest is renamed into place before its bytes are durable.',
    file: 'segments/disk.ts',
    find: `    await file.sync()
  } finally {`,
    replace: `  } finally {`,
    caughtBy: crash('plain, always, power cut'),
  },
  {
    name: 'found-not-secured',
    why: 'What a start finds in the kernel’s cache is told, but not made durable.',
    file: 'segments/log.ts',
    find: `if (!isReader) await recovery.secure(active)`,
    replace: `if (!isReader) void recovery.secure.name`,
    caughtBy: crash('plain, no, kill'),
  },
  {
    name: 'size-not-secured',
    why: 'The size of a file, which a failed sync has lost, is not written again: its data lie behind its end.',
    file: 'segments/recovery.ts',
    find: `      if (fileSize !== this.#state.options.segmentSize) `,
    replace: `      if (fileSize < 0) `,
    caughtBy: [{ file: 'test/segments/recovery.test.ts', tests: 'what a failed sync has lost' }],
  },
  {
    name: 'segment-zeroed',
    why: 'A file that is being zeroed for later is forgotten, made by a second writer, too, and zeroed after it has become a segment.',
    file: 'segments/segment-files.ts',
    find: 'await this.#dropSpare().catch(() => undefined)',
    replace: 'this.#spare = null',
    caughtBy: [{ file: 'test/segments/space.test.ts', tests: 'is being made ready when others are refused' }],
  },
  {
    name: 'gap-not-zeroed',
    why: 'SETRANGE behind the end of a value leaves in between what another segment had in that memory.',
    file: 'segments/appender.ts',
    find: '    if (zeroFrom < at) this.#memory.fill(0, start + zeroFrom, start + at)\n',
    replace: '',
    caughtBy: [{ file: 'test/segments/appender.test.ts', tests: 'with room for more' }],
  },
  {
    name: 'stalled-takes-more',
    why: 'While a commit waits for space on the disk, memory is filled with more.',
    file: 'segments/appender.ts',
    find: `    if (state.isStalled) throw diskFull(state)`,
    replace: ``,
    caughtBy: [{ file: 'test/segments/flusher.test.ts', tests: 'finds no space waits for it' }],
  },
  {
    name: 'bound-forgets-compaction',
    why: 'What compaction is about to write is not counted: its files take more than the bound.',
    file: 'segments/segment-files.ts',
    find: `    if (space.compactionRoom < size) {
      const room`,
    replace: `    if (size < 0) {
      const room`,
    caughtBy: [{ file: 'test/segments/space.test.ts', tests: 'spare gives way to compaction' }],
  },
  {
    name: 'bound-forgets-begun',
    why: 'Segments that have been begun and have no file yet are not counted: together they take more than the bound.',
    file: 'segments/space.ts',
    find: `segment.sparse)) + this.#growthOf(segment, meter)`,
    replace: `segment.sparse))`,
    caughtBy: [{ file: 'test/segments/space.test.ts', tests: 'begun within one commit' }],
  },
  {
    name: 'history-thinks-clean',
    why: 'A segment that keeps history counts as clean: a tombstone goes before what it buries.',
    file: 'segments/compaction/compactor.ts',
    find: `isHistoryKept ? window.offset : state.endOffset`,
    replace: `state.endOffset`,
    caughtBy: [{ file: 'test/segments/compaction/history.test.ts', tests: 'a tombstone stays with what it buries' }],
  },
  {
    name: 'history-by-any-record',
    why: 'A value counts as superseded by an expiry time that it was given: it leaves history too early.',
    file: 'src/models/key-liveness.ts',
    find: `      ...OF_KEYS.map((kind) => [kind, OF_KEYS] as const),`,
    replace: `      ...OF_KEYS.map((kind) => [kind, [...OF_KEYS, KIND.expiry]] as const),`,
    caughtBy: [{ file: 'test/segments/compaction/history.test.ts', tests: 'had an expiry time long ago' }],
  },
  {
    name: 'write-not-awaited',
    why: 'A reply leaves when the write has been handed over, not when it is done.',
    file: 'segments/flusher.ts',
    find: `    await segment.file!.write(segment.memory!, from, to - from, from)`,
    replace: `    void segment.file!.write(segment.memory!, from, to - from, from)`,
    caughtBy: gating('a reply waits for the write'),
  },
  {
    name: 'value-not-gated',
    why: 'GET tells a value that a crash can take back.',
    file: 'src/models/key-lookups.ts',
    find: `    this.waitFor(this.log.gate(index.segment, index.position))`,
    replace: ``,
    caughtBy: gating('a new value'),
  },
  {
    name: 'nil-not-gated',
    why: 'GET tells nil after a DEL that a crash can take back.',
    file: 'src/models/key-lookups.ts',
    find: `    if (!this.removals.isEmpty) this.waitFor(this.removals.gate(hi, lo))`,
    replace: ``,
    caughtBy: gating('a deletion'),
  },
  {
    name: 'expiry-not-gated',
    why: 'TTL tells an expiry that a crash can take back.',
    file: 'src/models/key-lookups.ts',
    find: `    this.waitFor(this.log.gate(expiries.recordSegment, expiries.recordPosition))`,
    replace: ``,
    caughtBy: gating('an expiry'),
  },
  {
    name: 'flushall-not-gated',
    why: 'GET tells nil after a FLUSHALL that a crash can take back.',
    file: 'src/models/key-lookups.ts',
    find: `      if (this.floorGate > this.log.committedOffset) this.waitFor(this.floorGate)`,
    replace: ``,
    caughtBy: gating('FLUSHALL'),
  },
  {
    name: 'watch-not-gated',
    why: 'An EXEC that a change has stopped tells of the change before it is committed.',
    file: 'src/commands/transactions/exec.ts',
    find: `      keyspace.gateAll()`,
    replace: ``,
    caughtBy: gating('a watched key has stopped'),
  },
  {
    name: 'gate-behind-the-reply',
    why: 'A gate holds back what follows the reply, not the reply.',
    file: 'src/net/output.ts',
    find: `    this.#gateStarts.push(this.#base + start)`,
    replace: `    this.#gateStarts.push(this.#base + this.writer.length + 0 * start)`,
    caughtBy: gating('a new value'),
  },
  {
    name: 'later-commit-not-waited-for',
    why: 'What is appended while a commit is under way counts as part of it.',
    file: 'segments/log.ts',
    find: `    return position < segment.inFlightPosition ? segment.inFlightOffset : this.#state.endOffset`,
    replace: `    return segment.inFlightOffset`,
    caughtBy: gating('waits for the next one'),
  },
  {
    name: 'replies-out-of-order',
    why: 'A request that waits for a record from disk is overtaken by those behind it.',
    file: 'src/net/connection.ts',
    find: `        requests.unnext()
        if (writer.length === start) {
          this.#load(places)
          return
        }
        roomFor = -1
      }
      this.#hold(start)`,
    replace: `        const late = this.#resp.requests.args.copy()
        void log.load(places).then((loaded) => {
          log.reader.loaded = loaded
          output.open()
          host.dispatcher.run(this, late, this.#resp.writer)
          log.reader.loaded = null
          this.#flush()
        })
        continue
      }
      this.#hold(start)`,
    caughtBy: gating('behind a record'),
  },
  {
    name: 'served-not-gated',
    why: 'Who has waited is told what was taken for it before that is committed.',
    file: 'src/net/connection.ts',
    find: `    this.#isParked = false
    this.#hold(start)`,
    replace: `    this.#isParked = false`,
    caughtBy: blocked('when that is committed'),
  },
  {
    name: 'time-up-not-gated',
    why: 'Who has waited in vain is told so, though what others have taken may be there again after a crash.',
    file: 'src/commands/blocking/blocked-clients.ts',
    find: `      this.#keyspace.gateAll()
`,
    replace: ``,
    caughtBy: blocked('when that is committed'),
  },
  {
    name: 'unblock-forgets-gate',
    why: 'An EXEC that ends the waiting of another client is told of before it is committed.',
    file: 'src/commands/blocking/blocked-clients.ts',
    find: `    keyspace.gate = gate
`,
    replace: ``,
    caughtBy: blocked('its reply waits for the commit all the same'),
  },
  {
    name: 'served-twice',
    why: 'Who has been served keeps its place, and is served again, with an answer to nothing.',
    file: 'src/commands/blocking/blocked-clients.ts',
    find: `    if (isServed) this.#remove(blocked)`,
    replace: ``,
    caughtBy: blocked('each once, the others go on waiting'),
  },
  {
    name: 'served-late',
    why: 'Who waits is served when the pipeline is at its end: its next request sees what was another’s.',
    file: 'src/net/connection.ts',
    find: `      if (blocked.isReady) blocked.serve()
    }`,
    replace: `      if (blocked.isReady) setImmediate(() => blocked.serve())
    }`,
    caughtBy: blocked('each once, the others go on waiting'),
  },
  {
    name: 'served-though-killed',
    why: 'Between CLIENT KILL and the end of its connection a client that waits takes something with it.',
    file: 'src/net/connection.ts',
    find: `  destroy(): void {
    this.#isClosing = true
    this.#unblock()`,
    replace: `  destroy(): void {
    this.#isClosing = true`,
    caughtBy: blocked('CLIENT KILL'),
  },
  {
    name: 'served-though-closed',
    why: 'A client that has closed its side goes on waiting, and takes something with it.',
    file: 'src/net/connection.ts',
    find: `    this.#output.settle()
    this.#unblock()
    this.#flush()`,
    replace: `    this.#output.settle()
    this.#flush()`,
    caughtBy: blocked('closes its side only'),
  },
  {
    name: 'cold-wait-overtaken',
    why: 'While the records of who waits first are loaded, the next one is served.',
    file: 'src/commands/blocking/blocked-clients.ts',
    find: `        this.#load(key, blocked, error.places, loaded)
        return`,
    replace: `        this.#load(key, blocked, error.places, loaded)`,
    caughtBy: blocked('keeps its place until they are loaded'),
  },
  {
    name: 'waiting-reads-on',
    why: 'A client that waits can fill the memory with requests behind.',
    file: 'src/net/connection.ts',
    find: `    return !this.#isPaused && (this.wait === null || requests.unreadSize <= BLOCKED_INPUT_SIZE_MAX)`,
    replace: `    return !this.#isPaused`,
    caughtBy: blocked('reading stops behind one that waits'),
  },
  {
    name: 'exec-split',
    why: 'A large EXEC lies in several batches: a crash leaves a part of it.',
    file: 'src/commands/transactions/exec.ts',
    find: `  appender.isAtomic = true`,
    replace: `  appender.isAtomic = false`,
    caughtBy: [{ file: 'test/src/commands/transactions/exec.test.ts' }],
  },
  {
    name: 'exec-size-of-arguments',
    why: 'EXEC foresees its arguments only: what grows or copies values fails half-way.',
    file: 'src/commands/transactions/foresight.ts',
    find: `    if (sizes !== null) total += sizes.add(command, args)
`,
    replace: `    sizes?.add(command, args)
`,
    caughtBy: [{ file: 'test/src/commands/transactions/foresight.test.ts', tests: 'no transaction appends more' }],
  },
  {
    name: 'exec-size-of-each-alone',
    why: 'EXEC foresees each command as if those before it in the transaction had done nothing.',
    file: 'src/commands/transactions/foresight.ts',
    find: `if (size > this.sizeOf(args, i)) this`,
    replace: `if (size > size + this.sizeOf(args, i)) this`,
    caughtBy: [{ file: 'test/src/commands/transactions/foresight.test.ts', tests: 'no transaction appends more' }],
  },
  {
    name: 'length-trusted',
    why: 'A header is believed, its length with it, before its checksum is looked at.',
    file: 'segments/batch.ts',
    find: `  if (readU32(bytes, start + HEADER.checksum) !== headerChecksum(bytes, start, seed)) return null
`,
    replace: ``,
    caughtBy: walk('every flipped bit of a segment'),
  },
  {
    name: 'header-not-seeded',
    why: 'The header of a batch of another log passes for one of this log.',
    file: 'segments/batch.ts',
    find: `  return crc32(bytes, start + HEADER.version, start + BATCH_HEADER_SIZE, seed)`,
    replace: `  return crc32(bytes, start + HEADER.version, start + BATCH_HEADER_SIZE, 0 * seed)`,
    caughtBy: walk('the header alone'),
  },
  {
    name: 'no-zeroing-after-a-cut',
    why: 'What was cut as torn comes back behind the next write.',
    file: 'segments/recovery.ts',
    find: `      await file.write(Buffer.alloc(end - damage.position), 0, end - damage.position, damage.position)
`,
    replace: ``,
    caughtBy: crash('what was cut'),
  },
  {
    name: 'epoch-not-raised',
    why: 'Two owners of a log write in the same epoch.',
    file: 'segments/log.ts',
    find: `?.[0] ?? 0) + 1
`,
    replace: `?.[0] ?? 0)
`,
    caughtBy: crash('compacting, no, kill'),
  },
  {
    name: 'fallen-epoch-served',
    why: 'A batch of an earlier epoch than one before it is taken for true: two owners have written.',
    file: 'segments/recovery.ts',
    find: `if (header.epoch < lastEpoch) {`,
    replace: `if (lastEpoch < 0) {`,
    caughtBy: [{ file: 'test/segments/damage-cases.test.ts', tests: 'epoch' }],
  },
  {
    name: 'fallen-epoch-in-a-side-file',
    why: 'A side file is believed though its segment is of an earlier epoch than the one before.',
    file: 'segments/recovery.ts',
    find: ` && side.lastEpoch >= this.#state.epoch`,
    replace: ``,
    caughtBy: [{ file: 'test/segments/damage-cases.test.ts', tests: 'epoch' }],
  },
  {
    name: 'older-value-served',
    why: 'Of a damaged log a value is served although a record that is lost may have replaced it.',
    file: 'src/models/salvaged-keyspace.ts',
    find: `loss !== null && !this.isFoundNewest`,
    replace: `loss !== null && !isAlive`,
    caughtBy: salvaged('whichever batch is lost'),
  },
  {
    name: 'nil-for-lost',
    why: 'Of a damaged log nil is answered for a key whose only record may be among those that are lost.',
    file: 'src/models/salvaged-keyspace.ts',
    find: `loss !== null && !this.isFoundNewest`,
    replace: `loss !== null && isAlive && !this.isFoundNewest`,
    caughtBy: salvaged('whichever batch is lost'),
  },
  {
    name: 'first-loss-only',
    why: 'Of a damaged segment whose end is gone without a trace, too, only the first loss counts.',
    file: 'segments/recovery.ts',
    find: `    if (position !== size || segment.endOffset > endOffset) {`,
    replace: `    if (!this.#isDamaged(segment) && (position !== size || segment.endOffset > endOffset)) {`,
    caughtBy: salvaged('a loss that leaves no trace'),
  },
  {
    name: 'walk-stands-at-lost',
    why: 'Whoever salvages a damaged log gets no further than to the first key that is hurt.',
    file: 'src/models/key-walks.ts',
    find: `mayBeLost: passesLost`,
    replace: `mayBeLost: false`,
    caughtBy: salvaged('not found by a walk'),
  },
  {
    name: 'size-not-rewritten',
    why: 'The size of a file, lost by a sync that failed, is not made durable by the start that finds it: a power cut takes the record.',
    file: 'segments/recovery.ts',
    find: `if (fileSize !== this.#state.options.segmentSize) await`,
    replace: `if (fileSize < 0) await`,
    caughtBy: [{ file: 'test/segments/recovery.test.ts', tests: 'made durable again' }],
  },
  {
    name: 'two-commits-at-once',
    why: 'Two callers flush at the same time: the same bytes are written twice, and a segment is sealed twice.',
    file: 'segments/flusher.ts',
    find: `    if (this.#flushing !== null) return this.#flushing.then(this.#flushNext)
`,
    replace: ``,
    caughtBy: [{ file: 'test/segments/flusher.test.ts', tests: 'who flushes while a commit is under way' }],
  },
  {
    name: 'fallen-epoch-not-repaired',
    why: 'A repair leaves a batch of an earlier epoch where it is, or says that there is nothing to repair: the log never opens.',
    file: 'segments/repair.ts',
    find: `if (it.type === 'damage' || cut.has(it.position)) continue`,
    replace: `if (it.type === 'damage') continue`,
    caughtBy: [{ file: 'test/segments/repair.test.ts', tests: 'lower epoch than the one before' }],
  },
  {
    name: 'large-without-space',
    why: 'A value larger than a segment is taken though the disk has no room for it: it waits for ever, and everybody with it.',
    file: 'segments/appender.ts',
    find: `        if (room > state.options.segmentSize) this.#checkSpace(room, frees)
`,
    replace: ``,
    caughtBy: space('what fits in no usual segment is refused'),
  },
  {
    name: 'large-space-promised-twice',
    why: 'Two large values of one commit are each taken for the same free space.',
    file: 'segments/space.ts',
    find: `file === null ? memory!.length : 0`,
    replace: `file === null ? 0 * memory!.length : 0`,
    caughtBy: space('what fits in no usual segment is refused'),
  },
  {
    name: 'hole-taken-for-space',
    why: 'Under `everysec` the rest of the active segment, which has no blocks yet, counts as if it had them: the reserve is used up, and a commit waits for space for ever.',
    file: 'segments/space.ts',
    find: `if (this.#options.fsync !== 'always') return committedPosition`,
    replace: `if (this.#options.fsync !== 'always') return Infinity`,
    caughtBy: [{ file: 'test/segments/space.test.ts', tests: 'leaves the reserve alone' }],
  },
  {
    name: 'removals-segment-grows',
    why: 'A segment begun for removals is taken for a usual one by a start on a full disk: it grows into the space of others.',
    file: 'segments/recovery.ts',
    find: `if (meter === null || space.hasRoom('write', 0)) return`,
    replace: `if (meter === null || space.hasRoom('write', -Infinity)) return`,
    caughtBy: [{ file: 'test/segments/space.test.ts', tests: 'does not take a segment that was begun for removals' }],
  },
  {
    name: 'damage-forgotten',
    why: 'Damage that the check in the background has found is unknown to the next start, which says that it is ready.',
    file: 'segments/background-check.ts',
    find: `await distrust(this.#state, segment)`,
    replace: `void distrust.name`,
    caughtBy: [{ file: 'test/scenarios/damaged.test.ts', tests: 'the next one before it is ready' }],
  },
  {
    name: 'side-file-believed',
    why: 'A side file is taken for true without its checksum.',
    file: 'segments/side-file.ts',
    find: `  if (zlib.crc32(bytes.subarray(8), seed) !== readU32(bytes, 4)) throw damaged('its checksum does not hold')
`,
    replace: ``,
    caughtBy: [{ file: 'test/segments/side-file.test.ts', tests: 'every flipped bit' }],
  },
  {
    name: 'growing-stretch-cached',
    why: 'A start caches the last stretch of a segment that it is still reading: what lies behind is missing in it later.',
    file: 'segments/reader.ts',
    find: `stretch = await this.stretch(segment, segment.sparse.entryOf(position))`,
    replace: `stretch = await this.#stretch(segment, segment.sparse.entryOf(position))`,
    caughtBy: lives('that a restart is reading'),
  },
  {
    name: 'file-opened-twice',
    why: 'Two reads at once of a cold segment open it twice, and one of the files stays open for ever.',
    file: 'segments/segment.ts',
    find: `    this.#opening ??= disk.open(this.name, {}).finally(() => {`,
    replace: `    this.#opening = disk.open(this.name, {}).finally(() => {`,
    caughtBy: [{ file: 'test/segments/segment.test.ts', tests: 'opened once' }],
  },
  {
    name: 'tombstone-dropped-early',
    why: 'Compaction drops a tombstone and keeps an older value, which comes back.',
    file: 'segments/compaction/tombstones.ts',
    find: `    return low === this.#ends.length || this.#cleanOffsets[low]! > offset`,
    replace: `    return low >= 0 * offset`,
    caughtBy: cases('a tombstone stays'),
  },
  {
    name: 'switch-before-superseder',
    why: 'Compaction drops a value while what replaces it is not durable: a crash loses both.',
    file: 'segments/compaction/compactor.ts',
    find: `      await this.#untilDurable(state.endOffset, durable)
`,
    replace: ``,
    caughtBy: crash('compacting, always, power cut'),
  },
  {
    name: 'drop-before-superseder',
    why: 'A segment in which nothing is alive goes while what has replaced its last value is not durable.',
    file: 'segments/compaction/compactor.ts',
    find: `    await this.#untilDurable(state.endOffset, durable)
    this.#checkStopped()
    await this.#switch(old, null`,
    replace: `    void this.#untilDurable(state.endOffset, durable)
    this.#checkStopped()
    await this.#switch(old, null`,
    caughtBy: cases('a value goes only when'),
  },
  {
    name: 'table-not-counted',
    why: 'A key in the last table of the index is not seen, and its segment dropped as dead.',
    file: 'src/models/key-liveness.ts',
    find: `table < index.tableCount; table++`,
    replace: `table < index.tableCount - 1; table++`,
    caughtBy: liveness('keys of every table'),
  },
  {
    name: 'rows-counted-upwards',
    why: 'A row of an expiry moves to where has been counted already: its record is dropped, and the key lives for ever.',
    file: 'src/models/key-liveness.ts',
    find: `let chunk = expiries.chunkCount - 1; chunk >= 0; chunk--`,
    replace: `let chunk = 0; chunk < expiries.chunkCount; chunk++`,
    caughtBy: liveness('rows of expiries move'),
  },
  {
    name: 'rewritten-names-not-synced',
    why: 'The manifest names rewritten segments whose names a power cut can take.',
    file: 'segments/compaction/compactor.ts',
    find: `      if (next !== null) await state.disk.syncFolder()
`,
    replace: ``,
    caughtBy: compaction('a manifest that outlives'),
  },
  {
    name: 'stale-cache',
    why: 'What was cached of a rewritten segment is served for the one that gets its number.',
    file: 'segments/compaction/compactor.ts',
    find: `    this.#reader.forget(segment)
`,
    replace: ``,
    caughtBy: compaction('may name other segments'),
  },
  {
    name: 'compaction-outlives-close',
    why: 'A manifest is written after the folder was given up, perhaps to another owner.',
    file: 'segments/log.ts',
    find: `    await this.#compactor.close()
`,
    replace: ``,
    caughtBy: compaction('closing the log'),
  },
  {
    name: 'clean-offset-forgotten',
    why: 'A manifest forgets that a segment has been rewritten: tombstones never go.',
    file: 'segments/recovery.ts',
    find: `      segment.cleanOffset = entry.cleanOffset ?? 0
`,
    replace: ``,
    caughtBy: cases('outlives a restart'),
  },
  {
    name: 'stale-place-told',
    why: 'Compaction tells the index of a move without looking whether the entry has gone on to a newer record.',
    file: 'src/models/key-liveness.ts',
    find: `      const isNewest = index.replacePlace(hi, lo, record.segmentNumber, record.position, segmentNumber, position)`,
    replace: `      const isNewest = index.seek(hi, lo)
      if (isNewest) index.update(segmentNumber, position, index.tag)`,
    caughtBy: cases('keeps its newer value'),
  },
  {
    name: 'copied-from-given-memory',
    why: 'Memory from which compaction copies goes to another segment meanwhile: what is written is that one’s.',
    file: 'segments/eviction.ts',
    find: ` || segment.isPinned`,
    replace: ``,
    caughtBy: [{ file: 'test/segments/compaction/from-memory.test.ts', tests: 'is not given up meanwhile' }],
  },
  {
    name: 'digest-with-a-gap',
    why: 'What was written too much at once is missing in the digest of a segment: its side file contradicts it.',
    file: 'segments/digest.ts',
    find: `from !== this.#size || `,
    replace: ``,
    caughtBy: [{ file: 'test/segments/digest.test.ts', tests: 'of what grows' }],
  },
  {
    name: 'cleaned-before-it-is',
    why: 'A segment counts as free of what died after its records were judged.',
    file: 'segments/compaction/compactor.ts',
    find: `          for (const segment of after) segment.cleanOffset = cleanOffset`,
    replace: `          for (const segment of after) segment.cleanOffset = state.endOffset`,
    caughtBy: cases('while its segment is rewritten'),
  },
  {
    name: 'retention-takes-too-much',
    why: 'A floor by size takes the segment that still has to stay.',
    file: 'segments/retention.ts',
    find: `      if (newer >= size) return segment.endOffset
      newer += sizeIn(retained, segment.number)
`,
    replace: `      newer += sizeIn(retained, segment.number)
      if (newer >= size) return segment.endOffset
`,
    caughtBy: retention('by size'),
  },
  {
    name: 'retention-floor-lost',
    why: 'Compaction moves a floor, and the next one drops it as dead: a restart brings back what had gone.',
    file: 'segments/retention.ts',
    find: `      floor.segment = segmentNumber
      floor.position = position
      return true`,
    replace: `      return true`,
    caughtBy: retention('the newest one is found again after it has moved'),
  },
  {
    name: 'clock-goes-back',
    why: 'A clock that is set back brings expired keys back.',
    file: 'segments/log-state.ts',
    find: `    return this.lastTimestampMs
`,
    replace: `    return now
`,
    caughtBy: lives('when the clock is set back'),
  },
  {
    name: 'last-time-compacted-away',
    why: 'Compaction drops the last batch of the log, and the log’s time with it.',
    file: 'segments/compaction/rewrite.ts',
    find: `    if (count === 0 && !isLast) return`,
    replace: `    if (count === 0) return`,
    caughtBy: compaction('the log’s time'),
  },
  {
    name: 'collides-lost',
    why: 'A record does not say that its key collides: a restart takes it for the other key’s.',
    file: 'src/models/key-state.ts',
    find: `    return this.collides ? RECORD_FLAG.collides : 0`,
    replace: `    return 0`,
    caughtBy: lives('told apart after a restart'),
  },
  {
    name: 'collision-forgotten-on-expiry',
    why: 'A key that has expired and is put again forgets that it collides.',
    file: 'src/models/key-state.ts',
    find: `    if ((index.tag & TAG.collides) !== 0) this.collides = true
`,
    replace: ``,
    caughtBy: lives('put again are told apart'),
  },
  {
    name: 'since-lost',
    why: 'A value forgets how old its key is: its tombstone would be dropped while an older version still lies in the log.',
    file: 'src/models/keyspace.ts',
    find: `    if (since >= 0) return since
`,
    replace: ``,
    caughtBy: lives('from which it may lie in the log'),
  },
  {
    name: 'member-tombstone-dropped-early',
    why: 'The tombstone of a member is dropped while what it buries still lies in the log: the member is back after a restart.',
    file: 'segments/format.ts',
    find: `(flags & RECORD_FLAG.member) === 0 ? datum : Math.floor(Math.abs(datum))`,
    replace: `(flags & RECORD_FLAG.member) === 0 ? datum : Infinity`,
    caughtBy: objects('a member’s tombstone stays'),
  },
  {
    name: 'members-not-moved',
    why: 'Compaction tells of members’ moves with the order of another one: they are looked for where nothing is any more.',
    file: 'segments/compaction/compactor.ts',
    find: `let nextDatum = columns.dataBefore(first)`,
    replace: `let nextDatum = 0`,
    caughtBy: objects('members of several segments'),
  },
  {
    name: 'members-of-the-gone-kept',
    why: 'After a restart the members of objects that no key has are alive: compaction keeps them for ever.',
    file: 'src/models/objects/object-table.ts',
    find: `      } else this.remove(id)`,
    replace: `      }`,
    caughtBy: objects('whose object’s record compaction has dropped'),
  },
  {
    name: 'member-not-gated',
    why: 'A list is told with a member that a crash can take back.',
    file: 'src/models/key-lookups.ts',
    find: `    if (object !== null && object.changedEnd > this.log.committedOffset) this.waitFor(object.changedEnd)`,
    replace: ``,
    caughtBy: objects('waits for the commit of its last change'),
  },
  {
    name: 'object-of-lost-members-served',
    why: 'Of a damaged log an object is served that was renamed behind what is lost, and whose members may be among that.',
    file: 'src/models/salvaged-keyspace.ts',
    find: `return this.record.datum < endOffset`,
    replace: `return this.record.datum < endOffset - Infinity`,
    caughtBy: salvagedObjects('whose members may be lost'),
  },
  ...LIST_BUGS,
  ...STREAM_BUGS,
  {
    name: 'lent-buffer-pooled',
    why: 'A buffer from which the socket still writes serves the next reply: a client gets bytes of another.',
    file: 'src/net/output.ts',
    find: `      if (isTaken) giveBuffer(buffer)`,
    replace: `      giveBuffer(buffer)`,
    caughtBy: [{ file: 'test/src/net/output.test.ts', tests: 'a buffer from which the socket still writes' }],
  },
  {
    name: 'stream-forgets-last-id',
    why: 'XDEL of the newest entry leaves nothing that tells its id: it is given again after a restart.',
    file: 'src/commands/streams/xdel.ts',
    find: `    writeState(keyspace, stream)
`,
    replace: ``,
    caughtBy: streams('an id is never given twice'),
  },
  {
    name: 'stream-state-outlives-entries',
    why: 'After a restart a stream goes on from what was noted at the last trimming, not from its newest entry.',
    file: 'src/models/streams/stream.ts',
    find: `entries.offsetAt(scratch) < own`,
    replace: `own >= 0`,
    caughtBy: streams('an id is never given twice'),
  },
  {
    name: 'stream-trimmed-comes-back',
    why: 'Entries that were trimmed are there again after a restart.',
    file: 'src/models/streams/stream.ts',
    find: `      this.applyTrim(scratch)
`,
    replace: ``,
    caughtBy: streams('an id is never given twice'),
  },
  {
    name: 'group-trusts-offset',
    why: 'A group is given entries again that came back, by XSETID, with ids that it has been given.',
    file: 'src/models/streams/stream.ts',
    find: `      group.nextOffset = -1
      group.goneTo.setZero()
`,
    replace: `      group.goneTo.setZero()
`,
    caughtBy: streams('an id that came back by XSETID'),
  },
  {
    name: 'consumer-leaves-pending',
    why: 'What a consumer had pending is kept by compaction after the consumer is gone.',
    file: 'src/models/streams/stream.ts',
    find: `    if (settled === null) this.applyMemberRemoval(member)
    else {`,
    replace: `    if (settled === null) this.#members.set(order, member)
    else {`,
    caughtBy: streams('what a group or a consumer had is dead'),
  },
  {
    name: 'stream-exec-not-rehearsed',
    why: 'A stream command in EXEC meets a record that is on disk only, after others have run.',
    file: 'src/commands/transactions/exec.ts',
    find: `  for (const { command, args } of queue) command.rehearse?.(context, args)
`,
    replace: ``,
    caughtBy: streams('a transaction loads'),
  },
  {
    name: 'backup-names-not-synced',
    why: 'The manifest of a backup names segments whose names a power cut can take.',
    file: 'segments/backup/backup.ts',
    find: `  await target.syncFolder()
  await writeManifest(target, manifest)`,
    replace: `  await writeManifest(target, manifest)`,
    caughtBy: backup('crash', 'a later one, power cut'),
  },
  {
    name: 'backup-tail-in-place',
    why: 'The active segment is copied over the copy that the former backup needs: killed there, neither backup is whole.',
    file: 'segments/backup/mirror.ts',
    find: `this.#rules.tailGeneration ?? this.#freeGeneration(baseOffset)`,
    replace: `this.#rules.tailGeneration ?? active.generation`,
    caughtBy: backup('crash', 'whose active segment has grown, kill'),
  },
  {
    name: 'backup-name-taken-for-content',
    why: 'A segment is copied over one of the former backup that has the same name and other bytes.',
    file: 'segments/backup/mirror.ts',
    find: `(digest === undefined || named.digest !== digest)`,
    replace: `digest === undefined`,
    caughtBy: backup('crash', 'one whose names stand for other bytes'),
  },
  {
    name: 'backup-leftover-believed',
    why: 'What a run left that was killed is kept without being read.',
    file: 'segments/backup/mirror.ts',
    find: `const isRead = !isNamed || this.#rules.isVerified`,
    replace: `const isRead = this.#rules.isVerified`,
    caughtBy: backup('backup', 'what a run has left'),
  },
  {
    name: 'backup-of-two-owners',
    why: 'Batches of an owner stand in a backup whose manifest does not know of its epoch.',
    file: 'segments/backup/mirror.ts',
    find: `      if (tail !== null && tail.lastEpoch > (folder.manifest.epochs.at(-1)?.[0] ?? 0)) return null
`,
    replace: ``,
    caughtBy: backup('backup', 'another owner'),
  },
  {
    name: 'backup-kept-below-horizon',
    why: 'A backup below the compaction horizon is brought up to date instead of being renewed whole.',
    file: 'segments/backup/backup.ts',
    find: `const isRenewed = former !== null && isBelowHorizon(former, now)`,
    replace: `const isRenewed = false`,
    caughtBy: backup('backup', 'dropped a tombstone'),
  },
  {
    name: 'backup-end-not-vouched',
    why: 'A backup that has lost its last batches passes for whole.',
    file: 'segments/manifest.ts',
    find: `Math.max(epochs.at(-1)?.[1] ?? 0, backup?.endOffset ?? 0)`,
    replace: `Math.max(epochs.at(-1)?.[1] ?? 0, (backup?.endOffset ?? 0) * 0)`,
    caughtBy: backup('restore', 'missing at its end'),
  },
  {
    name: 'restore-not-marked',
    why: 'A restore that was killed early is taken for an empty folder: a daemon begins a new log there.',
    file: 'segments/backup/restore.ts',
    find: `  if (!isLeft) await markFolder(target, RESTORE_MARK)
`,
    replace: ``,
    caughtBy: backup('crash', 'a restore ends at its calls'),
  },
  {
    name: 'restored-epoch-not-leapt',
    why: 'A restored log goes on in an epoch that the original has, too: places of the one are taken for those of the other.',
    file: 'segments/backup/restore.ts',
    find: `(epochs.at(-1)?.[0] ?? 0) + EPOCH_LEAP + (randomBytes(4).readUInt32LE(0) % EPOCH_LEAP)`,
    replace: `(epochs.at(-1)?.[0] ?? 0) + 0 * randomBytes(4).readUInt32LE(0)`,
    caughtBy: backup('restore', 'goes on in an epoch'),
  },
]
