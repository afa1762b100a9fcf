/** The log engine by itself: `import { Log } from 'flin/segments'`. */
export { Log } from './log.js'
export { FlinError, ERROR_CODES, type ErrorCode } from './errors.js'
export {
  DEFAULT_LOG_OPTIONS,
  DISK_SEGMENTS_MIN,
  SEGMENT_SIZE_MIN,
  FSYNC_POLICIES,
  type FsyncPolicy,
  type LogEvent,
  type LogOptions,
} from './options.js'
export { compactStopped, type StoppedCompaction } from './compaction/stopped.js'
export type { History } from './compaction/history.js'
export type { CompactionResult, Durable, Liveness, Supersession } from './compaction/liveness.js'
export { CLASS_SIZES, sizeClassOf } from './size-class.js'
export type { Disk, DiskFile, DiskSpace, OpenMode } from './disk.js'
export { NodeDisk } from './node-disk.js'
export { NullDisk } from './null-disk.js'
export type { AppendedRecord, LogRecord, NewRecord } from './log-record.js'
export type { Appender } from './appender.js'
export type { LogCursor } from './cursor.js'
export { type Reader, type Place, type Location, type LoadedRecords, placeKey } from './reader.js'
export type { Replay, ReplayedRecord } from './recovery.js'
export { Retention, type AppliedRecord, type RetainedKind, type RetainedLog, type RetentionRule } from './retention.js'
export { HashIndex } from './hash-index.js'
export { KeyHasher } from './key-hash.js'
export { copyBytes, sameBytes } from './bytes.js'
export { checkKeySize, RecordView } from './record.js'
export { BATCH_HEADER_SIZE, KEY_SIZE_MAX, RECORD_FLAG, RECORD_HEADER_SIZE, SEGMENT_SIZE_LIMIT } from './format.js'
export { digest64, hex64 } from './digest.js'
export type { BatchHeader } from './batch.js'
export type { DamagedRange } from './log-folder.js'
export { lostOffsets } from './walk.js'
export { sizeText } from './size-text.js'
export { listSegments, readBatches, type LogStep, type LogSummary, type SegmentSummary } from './inspect.js'
export { LogSnapshot } from './snapshot.js'
export { tallySegments, walkRecords, type SegmentTally, type Visit } from './record-walk.js'
export { verifyLog, type Finding, type Verdict, type VerifyProgress, type VerifyReport } from './verify.js'
export { applyRepair, planRepair, withLockedFolder, type RepairPlan, type RepairStep } from './repair.js'
export { backupFolder, backupLog, type BackupOptions, type BackupReport } from './backup/backup.js'
export { restoreFolder, restoreLog, type RestoreOptions, type RestoreReport } from './backup/restore.js'
export type { CopyProgress, Share } from './backup/mirror.js'
export type { BackupFacts, Manifest, ManifestSegment } from './manifest.js'
