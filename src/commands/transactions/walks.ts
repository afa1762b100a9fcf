/** Over so many keys a walk may go within a transaction when some are on disk only: those are loaded before it begins. */
export const COLD_WALK_COUNT_MAX = 256

/** Of KEYS and SCAN, for the table of commands. */
export const WALK_DIFFERS = `Inside MULTI it is refused, alone, when there are more than ${COLD_WALK_COUNT_MAX} keys and some that it meets are on disk only.`
