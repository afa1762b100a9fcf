import type { Log } from '../../../segments/index.js'
import type { Keyspace } from '../../models/keyspace.js'
import type { Pending } from '../../models/streams/group.js'
import { removePending } from '../../models/streams/group-writes.js'
import { pendingOfFirst } from '../../models/streams/references.js'
import type { Stream } from '../../models/streams/stream.js'
import { TOMBSTONE_SIZE, trimFirst } from '../../models/streams/stream-writes.js'
import type { Trim } from '../../models/streams/trim.js'
import type { Args } from '../../protocol/resp/args.js'
import type { Foresight } from '../command.js'
import { mayDeleteReferences } from './trim-options.js'

const NOTHING: readonly Pending[] = []

/** What goes along with the first entries of a stream. @throws ColdRead */
export function referencesOf(log: Log, stream: Stream, count: number, { references }: Trim): readonly Pending[] {
  return references === 'delete' ? pendingOfFirst(log, stream, count) : NOTHING
}

/** Bytes that {@link trimReferenced} writes of what goes along. */
export function referencesSize(references: readonly Pending[]): number {
  return references.length * TOMBSTONE_SIZE
}

/** Removes the first entries of a stream, and what goes along with them. */
export function trimReferenced(
  keyspace: Keyspace,
  stream: Stream,
  count: number,
  references: readonly Pending[],
): void {
  for (const pending of references) removePending(keyspace, stream, pending)
  trimFirst(keyspace, stream, count)
}

/** For foresight: what {@link referencesSize} may be. What is pending has a record each, which is longer than its end. */
export function foreseenReferences(foresight: Foresight, args: Args): number {
  return mayDeleteReferences(args) ? foresight.sizeOf(args, 1) : 0
}
