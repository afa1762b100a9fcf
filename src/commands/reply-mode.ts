import type { ReplyBuffer } from '../protocol/reply-buffer.js'
import type { Session } from './session.js'

/** What CLIENT REPLY wants: the reply that was just written, from `mark` on, is taken back, or the next one will be. */
export function leaveOut(session: Session, reply: ReplyBuffer, mark: number): void {
  if (session.replyMode === 'on') return
  if (session.replyMode === 'next') session.replyMode = 'this'
  else if (session.replyMode === 'this') session.replyMode = 'on'
  reply.truncate(mark)
}
