import fs from 'node:fs'
import fsp from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { FlinError } from './errors.js'
import { LOCK_NAME } from './names.js'
import { isNodeError } from './node-disk.js'

const CLAIM_AGE_MS_MAX = 10_000
const TRIES_MAX = 200

/**
 * Owns a folder by listening on a Unix socket in it: the kernel ends that with the process, however it ends, so no lock is
 * ever left behind by a crash, only the name of one.
 */
export class FolderLock {
  readonly #server: net.Server
  readonly #folder: number

  private constructor(server: net.Server, folder: number) {
    this.#server = server
    this.#folder = folder
  }

  /** @throws FlinError FOLDER_LOCKED when another process has the folder. */
  static async take(folder: string): Promise<FolderLock> {
    await makeFolder(folder)
    const file = path.join(folder, LOCK_NAME)
    // A socket's path has at most 107 bytes; through the folder's descriptor it is short wherever the folder lies.
    const descriptor = fs.openSync(folder, fs.constants.O_RDONLY)
    const address = fs.existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}/${LOCK_NAME}` : file
    try {
      const server = await listenOrTakeOver(address, file, folder)
      server.unref()
      return new FolderLock(server, descriptor)
    } catch (error) {
      fs.closeSync(descriptor)
      throw error
    }
  }

  /** Closing the socket removes its name first: removed here, after it, it could be that of the next owner. */
  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
    fs.closeSync(this.#folder)
  }
}

/** Makes a folder and those above it. The runtime's own way of it never ends where a folder cannot be made, below /proc say. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await fsp.mkdir(folder)
  } catch (error) {
    if (hasCode(error, 'EEXIST') && fs.statSync(folder).isDirectory()) return
    if (hasCode(error, 'EEXIST') || hasCode(error, 'ENOTDIR')) throw notAFolder(folder, error)
    const above = path.dirname(folder)
    if (!hasCode(error, 'ENOENT') || above === folder) throw error
    await makeFolder(above)
    await fsp.mkdir(folder).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again
    })
  }
}

function notAFolder(folder: string, cause: unknown): FlinError {
  return new FlinError('BAD_SETTING', `${folder} is no folder, and none can be made there: choose another`, { cause })
}

function hasCode(error: unknown, code: string): boolean {
  return isNodeError(error) && error.code === code
}

async function listenOrTakeOver(address: string, file: string, folder: string): Promise<net.Server> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const server = (await tryListen(address)) ?? (await tryTakeOver(address, file))
    if (server !== null) return server
    if ((await probe(address)) === 'held') break
  }
  throw locked(folder)
}

/** Null when the name is taken, by whomever. */
function tryListen(address: string): Promise<net.Server | null> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy())
    server.on('error', (error) => {
      if (isNodeError(error) && error.code === 'EADDRINUSE') resolve(null)
      else reject(error)
    })
    server.listen(address, () => resolve(server))
  })
}

/** Whether somebody listens. Anything unclear counts as yes: a refusal is the only sign that the owner is gone. */
function probe(address: string): Promise<'held' | 'stale' | 'absent'> {
  return new Promise((resolve) => {
    const socket = net.connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve('held')
    })
    socket.once('error', (error) => {
      const code = isNodeError(error) ? error.code : undefined
      if (code === 'ENOENT') resolve('absent')
      else resolve(code === 'ECONNREFUSED' || code === 'ENOTSOCK' ? 'stale' : 'held')
    })
  })
}

/**
 * Removes a name that a crash has left and listens in its place; null when it is another's turn. Looking, removing and
 * listening are one exclusive step: of two that find the same stale name, the slower one would remove the faster one's.
 */
async function tryTakeOver(address: string, file: string): Promise<net.Server | null> {
  if ((await probe(address)) !== 'stale') return null
  const claim = `${file}.takeover`
  try {
    // A link takes no space for what it says: the disk may be full.
    await fsp.symlink(String(process.pid), claim)
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'EEXIST') throw error
    if (await isLeftOver(claim)) await fsp.rm(claim, { force: true })
    return null
  }
  try {
    if ((await probe(address)) !== 'stale') return null
    await fsp.rm(file, { force: true })
    return await tryListen(address)
  } finally {
    await fsp.rm(claim, { force: true })
  }
}

/** Whether a crash has left the claim: its process is gone, or it is older than any takeover takes (numbers are reused). */
async function isLeftOver(claim: string): Promise<boolean> {
  try {
    const { mtimeMs } = await fsp.lstat(claim)
    if (Date.now() - mtimeMs > CLAIM_AGE_MS_MAX) return true
    process.kill(Number(await fsp.readlink(claim)), 0)
    return false
  } catch (error) {
    // A claim that is gone must not be removed: the next one may be there already.
    return isNodeError(error) && error.code === 'ESRCH'
  }
}

function locked(folder: string): FlinError {
  return new FlinError(
    'FOLDER_LOCKED',
    `the folder ${folder} is in use by another process. Stop it, or choose another folder`,
  )
}
