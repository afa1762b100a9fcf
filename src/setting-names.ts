/** How the names of settings are written outside, and which one was meant. */

/** What the environment also gives, and no other place: where the file is. */
const FILE_VARIABLE = 'FLIN_CONFIG'
const PREFIX = 'FLIN_'
/** A name so many letters away from a known one is that one misspelt. */
const TYPOS_MAX = 2

/** `segmentSize` -> `FLIN_SEGMENT_SIZE` */
export function environmentName(name: string): string {
  return `${PREFIX}${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** `segmentSize` -> `--segment-size` */
export function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** A variable that looks like a setting and is none. */
export interface UnknownVariable {
  readonly name: string
  /** The known one that is most like it. */
  readonly nearest: string
  /** Whether that one is surely meant. */
  readonly isTypo: boolean
}

/** Variables that begin with FLIN_, say something, and are no settings. */
export function unknownVariables(environment: NodeJS.ProcessEnv, settings: readonly string[]): UnknownVariable[] {
  const known = [FILE_VARIABLE, ...settings.map(environmentName)]
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(PREFIX) && value !== '' && !known.includes(name))
    .map(([name]) => {
      const near = nearest(name, known)
      return { name, nearest: near, isTypo: distance(bare(name), bare(near)) <= TYPOS_MAX }
    })
}

/** The name that is most like the one given, letters alone being looked at. */
export function nearest(given: string, names: readonly string[]): string {
  let best = names[0] ?? ''
  let bestDistance = Infinity
  for (const name of names) {
    const far = distance(bare(given), bare(name))
    if (far >= bestDistance) continue
    best = name
    bestDistance = far
  }
  return best
}

function bare(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase()
}

/** How many letters must be put in, left out, replaced, or swapped with their neighbour (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}
