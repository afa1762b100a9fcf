import { FlinError } from '../../segments/errors.js'
import { FolderLock } from '../../segments/lock.js'

/** Run as a process: takes every folder that it is sent and answers `taken`, or why not. */
process.on('message', (folder: string) => {
  FolderLock.take(folder).then(
    () => process.send!('taken'),
    (error: unknown) => process.send!(error instanceof FlinError ? error.code : String(error)),
  )
})
