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

/** What to do about an exit code: said beside the error itself. */
export const EXIT_ADVICE: Readonly<Record<number, string>> = {
  2: 'Correct the setting; flin-server --help names all of them',
  3: 'Stop the daemon that owns the folder, or choose another folder with --data',
  4: 'Keep a copy of the folder, see what is hurt with flin log verify, then restore a backup, use flin log repair, or read what is intact with --serve-damaged; a log of a newer Flin needs that one',
  5: 'See to the disk (space, quota, health), then start again: what was acknowledged is there',
  6: 'Stop who listens on the port, or choose another one with --port',
}

/** Anything that was not foreseen. */
export const EXIT_UNFORESEEN = 70
