import type { ErrorCode } from '../segments/index.js'

/** What the daemon's exit code says; 0 is a clean end. ERRORS.md says what each code means. */
export const EXIT_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_SETTING: 2,
  FOLDER_LOCKED: 3,
  LOG_CORRUPT: 4,
  FORMAT_UNKNOWN: 4,
  DISK_FAILED: 5,
  LOG_POISONED: 5,
  DISK_FULL: 5,
  PORT_TAKEN: 6,
}

/** Anything that was not foreseen. */
export const EXIT_UNFORESEEN = 70
