/** Flin as a library: the daemon, to be run inside another process. */
export { Server } from './server.js'
export { readSettings, type Settings } from './config.js'
export { FlinError, type ErrorCode } from '../segments/index.js'
