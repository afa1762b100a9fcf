import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandsPage } from './commands-page.js'

/** The sources' root: from dist/tools/docs. */
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')

fs.writeFileSync(path.join(ROOT, 'src/commands/COMMANDS.md'), commandsPage())
