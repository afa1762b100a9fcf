/** Flin as a library: the daemon, to be run inside another process; and what tools need to name what stands in a log. */
export { Server } from './server.js'
export { readSettings, type Settings } from './config.js'
export { EXIT_CODES, EXIT_UNFORESEEN } from './exit-codes.js'
export { FLIN_VERSION } from './version.js'
export * from './inspection.js'
export { FlinError, type ErrorCode } from '../segments/index.js'
