import type { Command } from './command.js'
import { auth } from './connection/auth.js'
import { client } from './connection/client.js'
import { hello } from './connection/hello.js'
import { echo, ping, quit } from './connection/ping.js'
import { reset } from './connection/reset.js'
import { select } from './connection/select.js'
import { compact } from './flin/compact.js'
import { flinDel } from './flin/flin-del.js'
import { flinDurable } from './flin/flin-durable.js'
import { flinGet } from './flin/flin-get.js'
import { flinSet } from './flin/flin-set.js'
import { dbsize } from './keys/dbsize.js'
import { del, mdel, unlink } from './keys/del.js'
import { exists, touch } from './keys/exists.js'
import { expire, expireat, pexpire, pexpireat } from './keys/expire.js'
import { flushall, flushdb, swapdb } from './keys/flushall.js'
import { keys } from './keys/keys.js'
import { object } from './keys/object.js'
import { persist } from './keys/persist.js'
import { randomkey } from './keys/randomkey.js'
import { copy, rename, renamenx } from './keys/rename.js'
import { scan } from './keys/scan.js'
import { expiretime, pexpiretime, pttl, ttl } from './keys/ttl.js'
import { type } from './keys/type.js'
import { wait } from './keys/wait.js'
import { flinSubscribe, flinUnsubscribe } from './pubsub/flin-subscribe.js'
import { publish, spublish } from './pubsub/publish.js'
import { pubsub } from './pubsub/pubsub.js'
import { psubscribe, punsubscribe, ssubscribe, subscribe, sunsubscribe, unsubscribe } from './pubsub/subscribe.js'
import { blmove, brpoplpush } from './lists/blmove.js'
import { blmpop } from './lists/blmpop.js'
import { blpop, brpop } from './lists/blpop.js'
import { linsert } from './lists/linsert.js'
import { lmove, rpoplpush } from './lists/lmove.js'
import { lmpop } from './lists/lmpop.js'
import { lpos } from './lists/lpos.js'
import { lset } from './lists/lset.js'
import { lpop, rpop } from './lists/pop.js'
import { lpush, lpushx, rpush, rpushx } from './lists/push.js'
import { lindex, llen, lrange } from './lists/read.js'
import { lrem, ltrim } from './lists/trim.js'
import { command } from './server/command.js'
import { config } from './server/config.js'
import { info } from './server/info.js'
import { memory } from './server/memory.js'
import { shutdown } from './server/shutdown.js'
import { lastsave, time } from './server/time.js'
import { flinXadd } from './streams/flin-xadd.js'
import { flinXconfig } from './streams/flin-xconfig.js'
import { flinXread } from './streams/flin-xread.js'
import { xack } from './streams/xack.js'
import { xadd } from './streams/xadd.js'
import { xautoclaim } from './streams/xautoclaim.js'
import { xclaim } from './streams/xclaim.js'
import { xdel } from './streams/xdel.js'
import { xgroup } from './streams/xgroup.js'
import { xinfo } from './streams/xinfo.js'
import { xlen } from './streams/xlen.js'
import { xpending } from './streams/xpending.js'
import { xrange, xrevrange } from './streams/xrange.js'
import { xread } from './streams/xread.js'
import { xreadgroup } from './streams/xreadgroup.js'
import { xsetid } from './streams/xsetid.js'
import { xtrim } from './streams/xtrim.js'
import { append, strlen } from './strings/append.js'
import { bitcount, getbit, setbit } from './strings/bits.js'
import { get } from './strings/get.js'
import { getdel, getex } from './strings/getdel.js'
import { decr, decrby, incr, incrby } from './strings/incr.js'
import { incrbyfloat } from './strings/incrbyfloat.js'
import { mget } from './strings/mget.js'
import { mset, msetnx } from './strings/mset.js'
import { getrange, setrange, substr } from './strings/range.js'
import { getset, psetex, setex, setnx } from './strings/set-variants.js'
import { set } from './strings/set.js'
import { exec } from './transactions/exec.js'
import { discard, multi } from './transactions/multi.js'
import { unwatch, watch } from './transactions/watch.js'

/** Every command that there is. */
export const ALL_COMMANDS: readonly Command[] = [
  ...[get, set, mget, mset, msetnx, setnx, setex, psetex, getset, getdel, getex],
  ...[incr, incrby, decr, decrby, incrbyfloat],
  ...[append, strlen, getrange, substr, setrange, setbit, getbit, bitcount],
  ...[lpush, rpush, lpushx, rpushx, lpop, rpop, llen, lindex, lrange, lset, linsert, lrem, ltrim, lpos],
  ...[lmove, rpoplpush, lmpop, blpop, brpop, blmove, brpoplpush, blmpop],
  ...[del, unlink, mdel, exists, touch, type, rename, renamenx, copy, keys, scan, randomkey, dbsize],
  ...[object, wait],
  ...[expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist],
  ...[flushall, flushdb, swapdb],
  ...[xadd, xlen, xrange, xrevrange, xread, xdel, xtrim, xsetid],
  ...[xgroup, xreadgroup, xack, xpending, xclaim, xautoclaim, xinfo],
  ...[flinGet, flinSet, flinDel, flinXadd, flinXconfig, flinXread, flinDurable, compact],
  ...[publish, subscribe, psubscribe, unsubscribe, punsubscribe, pubsub],
  ...[spublish, ssubscribe, sunsubscribe, flinSubscribe, flinUnsubscribe],
  ...[multi, exec, discard, watch, unwatch],
  ...[ping, echo, hello, auth, select, reset, quit, client],
  ...[command, config, info, memory, time, lastsave, shutdown],
]
