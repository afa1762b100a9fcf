import type { Command } from './command.js'
import { client } from './connection/client.js'
import { hello } from './connection/hello.js'
import { echo, ping, quit } from './connection/ping.js'
import { flinGet } from './flin/flin-get.js'
import { flinSet } from './flin/flin-set.js'
import { dbsize } from './keys/dbsize.js'
import { del } from './keys/del.js'
import { exists } from './keys/exists.js'
import { expire } from './keys/expire.js'
import { flushall } from './keys/flushall.js'
import { persist } from './keys/persist.js'
import { scan } from './keys/scan.js'
import { ttl } from './keys/ttl.js'
import { command } from './server/command.js'
import { config } from './server/config.js'
import { info } from './server/info.js'
import { shutdown } from './server/shutdown.js'
import { get } from './strings/get.js'
import { incr } from './strings/incr.js'
import { mget } from './strings/mget.js'
import { mset } from './strings/mset.js'
import { set } from './strings/set.js'
import { exec } from './transactions/exec.js'
import { discard, multi } from './transactions/multi.js'
import { unwatch, watch } from './transactions/watch.js'

/** Every command that there is. */
export const ALL_COMMANDS: readonly Command[] = [
  ...[get, set, incr, mget, mset],
  ...[del, exists, expire, persist, ttl, scan, dbsize, flushall],
  ...[flinGet, flinSet],
  ...[multi, exec, discard, watch, unwatch],
  ...[ping, echo, hello, quit, client],
  ...[command, config, info, shutdown],
]
