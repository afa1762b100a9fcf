/** The Redis whose commands, replies and errors Flin follows: clients choose features by it. */
export const REDIS_VERSION = '7.0.15'
export const FLIN_VERSION = '0.1.0'
