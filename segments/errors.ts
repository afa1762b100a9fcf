/**
 * The closed list of error codes, the engine's and the daemon's. Each has its entry in src/ERRORS.md: what happened, what it
 * means for the data, what to do.
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
  'WRONG_TYPE',
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

/**
 * What the operating system says when a call fails, as an error of Flin: DISK_FULL when space has run out, else DISK_FAILED.
 * Every other error is returned as it is.
 */
export function diskFailure(error: unknown, doing: string): unknown {
  if (error instanceof FlinError || !(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  // The runtime's own errors are named ERR_..., those of the system are one word.
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new FlinError('DISK_FULL', `${doing} failed: the disk is full. Free some space (${error.message})`, {
      cause: error,
    })
  }
  return new FlinError(
    'DISK_FAILED',
    `${doing} failed: see to the disk, its mount and the folder's permissions (${error.message})`,
    { cause: error },
  )
}
