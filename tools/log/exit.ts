/** Exit codes of `flin log` beside those that flin-server has for the same failures. */
export const EXIT = {
  intact: 0,
  /** Something is torn or missing that the next start mends by itself. */
  mendable: 1,
  /** Records are lost, or a file says what is not so. */
  corrupt: 4,
} as const
