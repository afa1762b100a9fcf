import asyncHooks, { type AsyncHook } from 'node:async_hooks'

/**
 * To be loaded before node:test, by `node --import`: keeps it from following every promise to the test that made it, which takes
 * a quarter of the time of tests that wait for much. All that is lost is to which test of its file the failure belongs that
 * nobody caught: the file fails as before, and the failure is shown with its stack.
 */
const hook: AsyncHook = { enable: () => hook, disable: () => hook }
asyncHooks.createHook = () => hook
