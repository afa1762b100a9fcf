import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Needed } from './needs.js'

/** A file system of its own, in memory, that is as small as a test wants it: there a disk is really full. Linux, root. */
export class SmallMount {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** What node:test takes as options: whether this machine lets tests mount. */
  static get needed(): Needed {
    const isPossible = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
    return { skip: isPossible ? false : 'nobody but root, on Linux, may mount a small file system' }
  }

  /** Mounts it; gone after the test, also under who still has files open there. */
  static make(context: { after: (job: () => void) => void }, size: string): SmallMount {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flin-mount-'))
    run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)
    context.after(() => {
      run('umount', '-l', folder)
      fs.rmdirSync(folder)
    })
    return new SmallMount(folder)
  }

  /** Makes it larger or smaller. */
  resize(size: string): void {
    run('mount', '-o', `remount,size=${size}`, this.folder)
  }

  /** Leaves not one byte free. */
  fill(): void {
    const { bavail, bsize } = fs.statfsSync(this.folder)
    const filler = fs.openSync(path.join(this.folder, 'filler'), 'a')
    try {
      for (let left = bavail; left > 0; left--) fs.writeSync(filler, Buffer.alloc(bsize))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      fs.closeSync(filler)
    }
  }

  /** Gives back what {@link fill} has taken. */
  empty(): void {
    fs.rmSync(path.join(this.folder, 'filler'))
  }
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
