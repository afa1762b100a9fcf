import type { BufferSizes } from '../commands/client-memory.js'
import type { ReplyBuffer } from '../protocol/reply-buffer.js'
import type { Dialect } from './dialect.js'
import type { Output } from './output.js'

/** What a connection holds in memory now. */
export function bufferSizes({ requests, writer }: Dialect, output: Output<ReplyBuffer>): BufferSizes {
  return {
    unread: requests.unreadSize,
    query: requests.bufferedSize - requests.indexSize,
    queryFree: requests.freeSize,
    indexes: requests.indexSize,
    replies: writer.buffer.length,
    waiting: output.waitingSize,
    repliesPeak: output.peakSize,
    lentCount: output.lentCount,
    lent: output.lentSize,
  }
}
