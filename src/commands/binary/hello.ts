import { KEY_SIZE_MAX } from '../../../segments/index.js'
import { BATCH_COUNT_MAX, OPCODE, PROTOCOL_VERSION, STATUS } from '../../protocol/binary/opcodes.js'
import type { Payload } from '../../protocol/binary/payload.js'
import { ReplyError } from '../command.js'
import { hello } from '../connection/hello.js'
import type { BinaryCommand, BinaryContext } from './binary-command.js'

const U32_MAX = 0xffff_ffff
export const AUTHENTICATION_REQUIRED = 'authentication required'

/**
 * u16 version [k user, k password]: chooses the version, comes in where there is a password, and tells who the server is and
 * what it takes: u16 version, k server, k server's version, u32 bytes a key, u32 bytes a value, u32 keys a batch, u32 bytes a
 * payload. Clients pass over what stands behind that.
 */
export const binaryHello: BinaryCommand = {
  opcode: OPCODE.hello,
  name: 'HELLO',
  code: hello.code,
  run(context) {
    const { payload, reply, server, session } = context
    const version = payload.u16()
    const admitted = payload.isAtEnd ? session.authenticated : isAdmitted(context, payload)
    payload.finish()
    if (version === 0) throw new ReplyError(`ERR version 0 is none; there is ${PROTOCOL_VERSION}`)
    if (!admitted) throw new ReplyError(AUTHENTICATION_REQUIRED)
    session.authenticated = true
    const mark = reply.begin(STATUS.ok)
    // A client that knows more than the server does is told what both know.
    reply.u16(Math.min(version, PROTOCOL_VERSION))
    reply.name('flin')
    reply.name(server.flinVersion)
    reply.u32(KEY_SIZE_MAX)
    reply.u32(Math.min(server.valueSizeMax(), U32_MAX))
    reply.u32(BATCH_COUNT_MAX)
    reply.u32(session.payloadSizeMax)
    reply.end(mark)
  },
}

/** @throws ReplyError when user or password are wrong; FlinError when they are not whole. */
function isAdmitted({ server }: BinaryContext, payload: Payload): boolean {
  payload.key()
  const user = payload.bytes.toString('latin1', payload.start, payload.stop)
  payload.key()
  const { bytes, start, stop } = payload
  payload.finish()
  // As in RESP there is one user, and where no password is set it comes in with any.
  const isUser = user === '' || user === 'default'
  if (isUser && (server.isOpen() || server.isPassword(bytes.subarray(start, stop)))) return true
  throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
}
