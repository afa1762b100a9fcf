/** What tools need to name what stands in a log and to rebuild the state from it: without the daemon, which takes longer to load. */
export { causeName, datumMeaning, kindName } from './record-names.js'
export { memberValue, type MemberValue } from './member-values.js'
export { ObjectOfKey } from './object-of-key.js'
export type { StateSum } from './models/digest.js'
export { logStats, type KeyText, type LogStats, type Share, type StatsOptions, type Top } from './models/log-stats.js'
export { replayState, withState } from './models/replay-state.js'
export { verifyState, type StateReport } from './models/verify-state.js'
