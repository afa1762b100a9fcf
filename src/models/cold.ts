import type { LoadedRecords, Log, Place } from '../../segments/index.js'

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

/** Runs a job that may meet cold records: loads them and runs it again, until it ran whole. */
export async function runLoaded<T>(log: Log, job: () => T): Promise<T> {
  const loaded: LoadedRecords = new Map()
  for (;;) {
    log.reader.loaded = loaded
    try {
      return job()
    } catch (error) {
      if (!(error instanceof ColdRead)) throw error
      log.reader.loaded = null
      await log.load(error.places, loaded)
    } finally {
      log.reader.loaded = null
    }
  }
}
