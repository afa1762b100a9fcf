import { FlinError, type ErrorCode } from '../../segments/index.js'
import { ReplyError } from './command.js'

/** The first word of the reply for errors that have one of their own; for all others it is ERR. */
export const RESP_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  DISK_FULL: 'DISKFULL',
  DISK_FAILED: 'IOERR',
  MEMORY_FULL: 'OOM',
  LOG_READ_ONLY: 'READONLY',
  LOG_POISONED: 'MISCONF',
  LOG_CORRUPT: 'CORRUPT',
  WRONG_TYPE: 'WRONGTYPE',
}

/** Text of an error reply. */
export function errorText(error: ReplyError | FlinError): string {
  if (error instanceof ReplyError) return error.message
  return `${RESP_CODES[error.code] ?? 'ERR'} ${error.message}`
}
