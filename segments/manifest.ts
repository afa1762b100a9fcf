import zlib from 'node:zlib'
import { FlinError } from './errors.js'
import { type Disk, readWhole, replaceFile } from './disk.js'
import { isNodeError } from './node-disk.js'
import { MANIFEST_NAME } from './names.js'

/**
 * Which files are the log, and what cannot be told from the segments. One line of JSON under one line that vouches for it:
 *
 *   manifest = "FLIN-MANIFEST 2 " crc32 " " size "\n" json "\n"     crc32 in 8 hex digits, size of json in bytes
 */
export interface Manifest {
  /** 32 hex digits, made once. */
  readonly logId: string
  /** Two 32-bit seeds of the key hash, so that nobody can choose colliding keys. */
  readonly hashSeed: readonly [number, number]
  readonly compactionHorizon: number
  /** Epoch and the first offset written in it, rising. */
  readonly epochs: readonly (readonly [epoch: number, firstOffset: number])[]
  /** In order; the last one is active. */
  readonly segments: readonly ManifestSegment[]
  /** Restores in this log's past: the epoch that each made up, and its first offset. Left out: none. */
  readonly restores?: readonly (readonly [epoch: number, firstOffset: number])[]
  /** Of a backup only: see {@link BackupFacts}. A log does not open such a folder for writing. */
  readonly backup?: BackupFacts
}

/** What a backup's manifest says besides what a log's does. */
export interface BackupFacts {
  /** When it was made, in ms since 1970. */
  readonly madeAtMs: number
  /** Behind the last record in it. All of it was durable when the manifest was written. */
  readonly endOffset: number
  /** Bytes of its last segment. */
  readonly tailSize: number
}

export interface ManifestSegment {
  readonly baseOffset: number
  readonly generation: number
  /** Bytes of a sealed segment and the offset behind its last record; null while it is active. */
  readonly sealed: { readonly size: number; readonly endOffset: number } | null
  /** Of what was superseded or buried below this offset, nothing is left in it; left out: 0. */
  readonly cleanOffset?: number
  /** Of a backup only: XXH64 of its bytes, 16 hex digits. */
  readonly digest?: string
}

/** Version 2 came with the members of objects: an older Flin would drop their records. Version 1 is read as it is. */
export const MANIFEST_VERSION = 2

export function encodeManifest(manifest: Manifest): Buffer {
  const json = Buffer.from(JSON.stringify(manifest))
  const head = `FLIN-MANIFEST ${MANIFEST_VERSION} ${hex32(zlib.crc32(json))} ${json.length}\n`
  return Buffer.concat([Buffer.from(head), json, Buffer.from('\n')])
}

/** @throws FlinError LOG_CORRUPT when a single bit is not as written, FORMAT_UNKNOWN when a newer Flin wrote it. */
export function decodeManifest(bytes: Buffer): Manifest {
  const line = bytes.indexOf(10)
  const head = /^FLIN-MANIFEST (\d+) ([0-9a-f]{8}) (\d+)$/.exec(bytes.subarray(0, Math.max(0, line)).toString('latin1'))
  if (head === null) throw damaged('its first line is not a manifest header')
  if (Number(head[1]) < 1 || Number(head[1]) > MANIFEST_VERSION) {
    throw new FlinError(
      'FORMAT_UNKNOWN',
      `the manifest has format ${head[1]!}; this Flin reads 1 to ${MANIFEST_VERSION}`,
    )
  }
  const json = bytes.subarray(line + 1, line + 1 + Number(head[3]))
  if (bytes.length !== line + 1 + Number(head[3]) + 1 || bytes[bytes.length - 1] !== 10) {
    throw damaged('its length is not the one it names')
  }
  if (hex32(zlib.crc32(json)) !== head[2]) throw damaged('its checksum does not hold')
  return JSON.parse(json.toString()) as Manifest
}

function damaged(why: string): FlinError {
  return new FlinError('LOG_CORRUPT', `the file ${MANIFEST_NAME} is damaged: ${why}`)
}

function hex32(n: number): string {
  return n.toString(16).padStart(8, '0')
}

/**
 * The log was durable up to here when its last epoch began: it is synced before the manifest gets that epoch. A backup was as
 * a whole. Evidence that outlives the batches.
 */
export function vouchedOffset({ epochs, backup }: Manifest): number {
  return Math.max(epochs.at(-1)?.[1] ?? 0, backup?.endOffset ?? 0)
}

/** The folder's manifest, or null in a folder that has none. */
export async function readManifest(disk: Disk): Promise<Manifest | null> {
  let bytes: Buffer
  try {
    bytes = await readWhole(disk, MANIFEST_NAME)
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return null
    throw error
  }
  return decodeManifest(bytes)
}

/** The one atomic switch by which the set of files changes. */
export async function writeManifest(disk: Disk, manifest: Manifest): Promise<void> {
  await replaceFile(disk, MANIFEST_NAME, encodeManifest(manifest))
}
