import { type DiskFile, readFully } from '../disk.js'
import { FlinError } from '../errors.js'
import { aligned } from '../format.js'
import { type DamagedRange, type LogFolder, segmentSteps } from '../log-folder.js'
import type { ManifestSegment } from '../manifest.js'
import { segmentName } from '../names.js'
import { corrupt } from '../recovery.js'
import { isZero } from '../walk.js'
import { BatchStream } from './batch-stream.js'

/** So often, and so far apart, it is looked again at what the owner may be writing just now. */
const LOOKS = 5
const LOOK_MS = 20
const PIECE_SIZE = 1 << 20

/** Where the intact batches of a segment end. */
export interface IntactEnd {
  readonly size: number
  readonly endOffset: number
  readonly lastEpoch: number
}

/**
 * Tells what lies behind the last intact batch of an active segment: nothing; a batch that was being written when it was read,
 * or that was never finished; or damage.
 * @throws FlinError LOG_CORRUPT that names the offsets when it is damage
 */
export async function judgeTail(
  folder: LogFolder,
  entry: ManifestSegment,
  file: DiskFile,
  end: IntactEnd,
): Promise<void> {
  for (let i = 0; i < LOOKS; i++) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    if ((await isZeroFrom(file, end.size)) || (await isIntactAt(folder, file, end))) return
  }
  const damage = (await damagesOf(folder, entry, file)).find(({ torn }) => !torn)
  if (damage !== undefined) throw corruptAt(entry, damage)
}

/** The failure that names what is damaged of a segment that is not intact. Takes memory for all of it. */
export async function damageIn(folder: LogFolder, entry: ManifestSegment, file: DiskFile): Promise<FlinError> {
  const [damage] = await damagesOf(folder, entry, file)
  if (damage !== undefined) return corruptAt(entry, damage)
  const name = segmentName(entry.baseOffset, entry.generation)
  return new FlinError('LOG_CORRUPT', `segment ${name} is not what the manifest says of it. See \`flin log verify\``)
}

function corruptAt(entry: ManifestSegment, { torn, ...damage }: DamagedRange): FlinError {
  return corrupt(segmentName(entry.baseOffset, entry.generation), { ...damage, vouched: !torn })
}

async function isZeroFrom(file: DiskFile, from: number): Promise<boolean> {
  const piece = Buffer.allocUnsafe(PIECE_SIZE)
  for (let position = from; ;) {
    const got = await file.read(piece, 0, PIECE_SIZE, position)
    if (got === 0) return true
    if (!isZero(piece, 0, got)) return false
    position += got
  }
}

/** Whether a batch is whole that was not, or not yet, when it was read before. */
async function isIntactAt({ seed }: LogFolder, file: DiskFile, end: IntactEnd): Promise<boolean> {
  const stream = new BatchStream(seed, end.endOffset, end.lastEpoch)
  const piece = Buffer.allocUnsafe(PIECE_SIZE)
  for (let position = end.size; ;) {
    const got = await file.read(piece, 0, PIECE_SIZE, position)
    const mayGoOn = got > 0 && stream.push(piece.subarray(0, got))
    if (stream.intactSize > 0) return true
    if (!mayGoOn) return false
    position += got
  }
}

async function damagesOf(folder: LogFolder, entry: ManifestSegment, file: DiskFile): Promise<DamagedRange[]> {
  const fileSize = await file.size()
  const end = entry.sealed?.size ?? aligned(fileSize)
  const bytes = Buffer.allocUnsafeSlow(end)
  bytes.fill(0, await readFully(file, bytes, 0, end, 0))
  const loaded = { entry, name: segmentName(entry.baseOffset, entry.generation), bytes, end, fileSize }
  return [...segmentSteps(folder, loaded)].flatMap((step) => (step.type === 'damage' ? [step.damage] : []))
}
