/**
 * The closed list of error codes. Each has its entry in docs/ERRORS.md: what happened, what it means for the data,
 * what to do.
 */
export const ERROR_CODES = [
  'BAD_SETTING',
  'FOLDER_LOCKED',
  'LOG_CORRUPT',
  'LOG_POISONED',
  'LOG_CLOSED',
  'LOG_READ_ONLY',
  'DISK_FULL',
  'DISK_FAILED',
  'MEMORY_FULL',
  'RECORD_TOO_LARGE',
  'KEY_TOO_LARGE',
  'FORMAT_UNKNOWN',
  'PORT_TAKEN',
  'PROTOCOL',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** The one error class of the project. Tell errors apart by {@link FlinError.code}, never by their message. */
export class FlinError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FlinError'
    this.code = code
  }
}
