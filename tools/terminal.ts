/** What can be drawn where standard output goes. */
export interface Terminal {
  readonly columns: number
  /** Lines that can be seen at once; null: as many as there are. */
  readonly rows: number | null
  readonly hasColour: boolean
  readonly isUnicode: boolean
}

const COLUMNS = 80

/**
 * As the stream and the environment say. Under `watch` standard output is a pipe: COLUMNS and LINES tell of the terminal.
 * NO_COLOR, and everything that is no terminal, takes colours away; a locale without UTF-8 all but ASCII.
 */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number },
  env: NodeJS.ProcessEnv,
): Terminal {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((it) => it !== undefined && it !== '')
  const isTerminal = stream.isTTY === true
  return {
    columns: stream.columns ?? whole(env['COLUMNS']) ?? COLUMNS,
    rows: stream.rows ?? whole(env['LINES']),
    hasColour: isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    isUnicode: /utf-?8/i.test(locale ?? ''),
  }
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : null
}
