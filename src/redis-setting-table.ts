import {
  clamped,
  eventClasses,
  flag,
  history,
  HUGE,
  INT32_MAX,
  integer,
  oneOf,
  percentiles,
  retention,
  retentionRules,
  savePoints,
  size,
  text,
  type Read,
} from './redis-setting-kinds.js'

const MIB = 1024 * 1024
/** Arguments and requests are held in one buffer, with positions of 32 bits. */
export const REQUEST_SIZE_MAX = 2047 * MIB

/** One of Redis's settings. */
export interface RedisSetting {
  readonly name: string
  /** An older name of the same setting. */
  readonly alias?: string
  /** What CONFIG SET takes; settings without it are shown only. */
  readonly read?: Read
  /** What CONFIG GET shows until something is set; those that are honoured, or shown, are asked the daemon instead. */
  readonly initial?: string
  /** What it does, for those that do something. */
  readonly honoured?: string
}

/** Settings that do what they do in Redis. */
const HONOURED: readonly RedisSetting[] = [
  {
    name: 'appendfsync',
    read: oneOf('everysec', 'always', 'no'),
    honoured: 'when a write is acknowledged, as `--fsync`; from the next commit on',
  },
  {
    name: 'client-output-buffer-limit',
    read: text,
    honoured:
      'the hard limit of `normal` is `--output-size-max`, of which 16 KB are not counted; `pubsub` is for messages that are not kept in the log; the others mean nothing',
  },
  {
    name: 'client-query-buffer-limit',
    read: size(MIB, REQUEST_SIZE_MAX),
    honoured: 'bytes of one request, as `--query-size-max`',
  },
  {
    name: 'compaction',
    read: flag,
    honoured: 'whether the log is compacted by itself, as `--compaction`; Flin’s own',
  },
  {
    name: 'compaction-rate',
    read: size(0, HUGE),
    honoured: 'bytes a second that compaction may read and write, as `--compaction-rate`; Flin’s own',
  },
  {
    name: 'history',
    read: history,
    honoured: 'how long superseded records stay in the log, as `--history`; Flin’s own',
  },
  {
    name: 'max-disk',
    read: size(0, HUGE),
    honoured:
      'bytes that the log may take on the disk, as `--max-disk`; at least 8 segments; not for a log in memory; Flin’s own',
  },
  {
    name: 'latency-tracking',
    read: flag,
    honoured: 'whether INFO latencystats is kept and told',
  },
  {
    name: 'latency-tracking-info-percentiles',
    read: percentiles,
    honoured: 'what INFO latencystats tells of each command',
  },
  {
    name: 'message-retention',
    read: retention,
    honoured: 'how long published messages stay, as `--message-retention`; for those published from now on; Flin’s own',
  },
  {
    name: 'message-retention-rules',
    read: retentionRules,
    honoured: 'the same by patterns of channels, as `--message-retention-rules`; Flin’s own',
  },
  {
    name: 'message-retention-size',
    read: size(0, HUGE),
    honoured: 'bytes of published messages that stay, as `--message-retention-size`; Flin’s own',
  },
  {
    name: 'notify-keyspace-events',
    read: eventClasses,
    honoured:
      'which changes of keys are published; told when they are committed; of `$`, `g`, `x`, `l` and `t`, as far as a record tells its cause',
  },
  { name: 'maxclients', read: integer(1, 2 ** 32 - 1), honoured: 'clients at a time, as `--clients-max`' },
  {
    name: 'proto-max-bulk-len',
    read: size(MIB, REQUEST_SIZE_MAX),
    honoured: 'bytes of one argument, and of a value, as `--value-size-max`; a little below 2 GiB at most',
  },
  {
    name: 'requirepass',
    read: text,
    honoured: 'the password of clients that come from now on, as `--requirepass`; empty: none is needed',
  },
  { name: 'timeout', read: integer(0, INT32_MAX), honoured: 'seconds after which an idle client is closed; 0: never' },
]

/** Settings that say something about the daemon, and that only a start can change. */
const SHOWN: readonly RedisSetting[] = ['bind', 'databases', 'dir', 'port'].map((name) => ({ name }))

/** Settings that are checked as Redis checks them and remembered, and do nothing. */
const ACCEPTED: readonly RedisSetting[] = [
  { name: 'activedefrag', read: flag, initial: 'no' },
  { name: 'active-expire-effort', read: integer(1, 10), initial: '1' },
  { name: 'activerehashing', read: flag, initial: 'yes' },
  { name: 'aof-load-truncated', read: flag, initial: 'yes' },
  { name: 'aof-use-rdb-preamble', read: flag, initial: 'yes' },
  { name: 'appendonly', read: flag, initial: 'yes' },
  { name: 'auto-aof-rewrite-min-size', read: size(0, HUGE), initial: '67108864' },
  { name: 'auto-aof-rewrite-percentage', read: integer(0, INT32_MAX), initial: '100' },
  { name: 'busy-reply-threshold', alias: 'lua-time-limit', read: integer(0, HUGE), initial: '5000' },
  { name: 'dynamic-hz', read: flag, initial: 'yes' },
  { name: 'hash-max-listpack-entries', alias: 'hash-max-ziplist-entries', read: integer(0, HUGE), initial: '512' },
  { name: 'hash-max-listpack-value', alias: 'hash-max-ziplist-value', read: size(0, HUGE), initial: '64' },
  { name: 'hll-sparse-max-bytes', read: size(0, HUGE), initial: '3000' },
  { name: 'hz', read: clamped(1, 500), initial: '10' },
  { name: 'latency-monitor-threshold', read: integer(0, HUGE), initial: '0' },
  { name: 'lazyfree-lazy-eviction', read: flag, initial: 'no' },
  { name: 'lazyfree-lazy-expire', read: flag, initial: 'no' },
  { name: 'lazyfree-lazy-server-del', read: flag, initial: 'no' },
  { name: 'lazyfree-lazy-user-del', read: flag, initial: 'no' },
  { name: 'lazyfree-lazy-user-flush', read: flag, initial: 'no' },
  { name: 'lfu-decay-time', read: integer(0, INT32_MAX), initial: '1' },
  { name: 'lfu-log-factor', read: integer(0, INT32_MAX), initial: '10' },
  { name: 'list-compress-depth', read: integer(0, INT32_MAX), initial: '0' },
  {
    name: 'list-max-listpack-size',
    alias: 'list-max-ziplist-size',
    read: integer(-INT32_MAX - 1, INT32_MAX),
    initial: '-2',
  },
  { name: 'loglevel', read: oneOf('debug', 'verbose', 'notice', 'warning'), initial: 'notice' },
  { name: 'maxmemory', read: size(0, HUGE), initial: '0' },
  {
    name: 'maxmemory-policy',
    read: oneOf(
      ...['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'],
      ...['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'noeviction'],
    ),
    initial: 'noeviction',
  },
  { name: 'maxmemory-samples', read: integer(1, INT32_MAX), initial: '5' },
  { name: 'min-replicas-max-lag', alias: 'min-slaves-max-lag', read: integer(0, INT32_MAX), initial: '10' },
  { name: 'min-replicas-to-write', alias: 'min-slaves-to-write', read: integer(0, INT32_MAX), initial: '0' },
  { name: 'no-appendfsync-on-rewrite', read: flag, initial: 'no' },
  { name: 'rdbcompression', read: flag, initial: 'yes' },
  { name: 'repl-backlog-size', read: size(1, HUGE), initial: '1048576' },
  { name: 'save', read: savePoints, initial: '' },
  { name: 'set-max-intset-entries', read: integer(0, HUGE), initial: '512' },
  { name: 'slowlog-log-slower-than', read: integer(-1, HUGE), initial: '10000' },
  { name: 'slowlog-max-len', read: integer(0, HUGE), initial: '128' },
  { name: 'stop-writes-on-bgsave-error', read: flag, initial: 'yes' },
  { name: 'stream-node-max-bytes', read: size(0, HUGE), initial: '4096' },
  { name: 'stream-node-max-entries', read: integer(0, HUGE), initial: '100' },
  { name: 'tcp-keepalive', read: integer(0, INT32_MAX), initial: '300' },
  { name: 'tracking-table-max-keys', read: size(0, HUGE), initial: '1000000' },
  { name: 'zset-max-listpack-entries', alias: 'zset-max-ziplist-entries', read: integer(0, HUGE), initial: '128' },
  { name: 'zset-max-listpack-value', alias: 'zset-max-ziplist-value', read: size(0, HUGE), initial: '64' },
]

/** All of Redis's settings that Flin knows, by name. */
export const REDIS_SETTINGS: readonly RedisSetting[] = [...HONOURED, ...SHOWN, ...ACCEPTED].sort((a, b) =>
  a.name < b.name ? -1 : 1,
)
