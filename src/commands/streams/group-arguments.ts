import type { Group } from '../../models/streams/group.js'
import type { Stream } from '../../models/streams/stream.js'
import type { Args } from '../../protocol/resp/args.js'
import type { ReplyWriter } from '../../protocol/resp/reply-writer.js'
import { ReplyError } from '../command.js'

/** Argument `i` as the name of a group or a consumer: a character a byte. */
export function groupText({ buf, starts, ends }: Args, i: number): string {
  return buf.toString('latin1', starts[i], ends[i])
}

/** What is said where a group is missing: the commands' words differ. */
export const noGroup = {
  inKey: (args: Args, group: number, key: number): ReplyError =>
    new ReplyError(`NOGROUP No such consumer group '${args.text(group)}' for key name '${args.text(key)}'`),
  orKey: (args: Args): ReplyError =>
    new ReplyError(`NOGROUP No such key '${args.text(1)}' or consumer group '${args.text(2)}'`),
  toRead: (args: Args, key: number, group: number): ReplyError =>
    new ReplyError(
      `NOGROUP No such key '${args.text(key)}' or consumer group '${args.text(group)}' in XREADGROUP with GROUP option`,
    ),
} as const

/** The group that argument 2 names. @throws ReplyError NOGROUP when there is none, or no stream */
export function groupArgument(stream: Stream | null, args: Args): Group {
  const group = stream?.groups.get(groupText(args, 2))
  if (group === undefined) throw noGroup.orKey(args)
  return group
}

export function replyName(reply: ReplyWriter, name: string): void {
  const bytes = Buffer.from(name, 'latin1')
  reply.bulk(bytes, 0, bytes.length)
}

/** In the order of their names' bytes, as Redis lists them. */
export function sortedByName<T extends { readonly name: string }>(named: ReadonlyMap<string, T>): T[] {
  return [...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
