/** What the figures were measured on. */
import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  readonly kernel: string
  readonly filesystem: string
  /** Over the minute before the first run. */
  readonly loadAverage: number
  readonly node: string
  readonly redis: string
}

/** statfs(2) types of the file systems one is likely to meet. */
const FILESYSTEMS: Partial<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
  0x01021994: 'tmpfs',
}

/**
 * Looks the machine up.
 * @throws Error when the Node binary or redis-server cannot be run.
 */
export function machine(node: string, folder: string): Machine {
  const type = statfsSync(folder).type
  const run = (file: string) => execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    filesystem: FILESYSTEMS[type] ?? `file system 0x${type.toString(16)}`,
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
    node: run(node).replace(/^v/, ''),
    redis: /v=(\S+)/.exec(run('redis-server'))?.[1] ?? 'unknown',
  }
}
