import fs from 'node:fs'
import fsp from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { FlinError } from './errors.js'
import { LOCK_NAME } from './names.js'
import { isNodeError } from './node-disk.js'

/**
 * Owns a folder by listening on a Unix socket in it: the kernel ends that with the process, however it ends, so no lock is
 * ever left behind by a crash, only the name of one.
 */
export class FolderLock {
  readonly #server: net.Server
  readonly #folder: number
  readonly #file: string

  private constructor(server: net.Server, folder: number, file: string) {
    this.#server = server
    this.#folder = folder
    this.#file = file
  }

  /** @throws FlinError FOLDER_LOCKED when another process has the folder. */
  static async take(folder: string): Promise<FolderLock> {
    await fsp.mkdir(folder, { recursive: true })
    const file = path.join(folder, LOCK_NAME)
    // A socket's path has at most 107 bytes; through the folder's descriptor it is short wherever the folder lies.
    const descriptor = fs.openSync(folder, fs.constants.O_RDONLY)
    const address = fs.existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}/${LOCK_NAME}` : file
    try {
      const server = await listenOrTakeOver(address, file, folder)
      server.unref()
      return new FolderLock(server, descriptor, file)
    } catch (error) {
      fs.closeSync(descriptor)
      throw error
    }
  }

  async release(): Promise<void> {
    await fsp.rm(this.#file, { force: true })
    await new Promise((resolve) => this.#server.close(resolve))
    fs.closeSync(this.#folder)
  }
}

async function listenOrTakeOver(address: string, file: string, folder: string): Promise<net.Server> {
  for (;;) {
    try {
      return await listen(address)
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'EADDRINUSE') throw error
    }
    if (await answers(address)) throw locked(folder)
    await removeStale(address, file, folder)
  }
}

function listen(address: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(address, () => resolve(server))
  })
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Two that find the same stale name must not remove each other's fresh one: the removal itself is exclusive. */
async function removeStale(address: string, file: string, folder: string): Promise<void> {
  const claim = `${file}.takeover`
  try {
    await fsp.writeFile(claim, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'EEXIST') throw error
    if (await isHeld(claim)) throw locked(folder)
    await fsp.rm(claim, { force: true })
    return
  }
  try {
    if (!(await answers(address))) await fsp.rm(file, { force: true })
  } finally {
    await fsp.rm(claim, { force: true })
  }
}

async function isHeld(claim: string): Promise<boolean> {
  try {
    process.kill(Number(await fsp.readFile(claim, 'utf8')), 0)
    return true
  } catch {
    return false
  }
}

function locked(folder: string): FlinError {
  return new FlinError(
    'FOLDER_LOCKED',
    `the folder ${folder} is in use by another process. Stop it, or choose another folder with --data`,
  )
}
