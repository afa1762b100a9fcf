import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the sources: the build lies in dist/ below it. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

/** Logs as older versions of Flin wrote them: to be copied, never written to. */
export const FIXTURES = path.join(ROOT, 'test/fixtures')
