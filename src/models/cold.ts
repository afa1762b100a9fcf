import type { Place } from '../../segments/index.js'

/**
 * Thrown by a look-up that meets a record which is only on disk. Whoever runs commands loads the places and runs the
 * command again, whole; so a command looks up before it writes. One object, no stack: it is control flow, not failure.
 */
export class ColdRead extends Error {
  readonly places: readonly Place[]

  constructor(places: readonly Place[]) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super('records must be loaded from disk')
    Error.stackTraceLimit = limit
    this.places = places
  }
}
