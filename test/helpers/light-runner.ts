import async_hooks, { type AsyncResourceOptions } from 'node:async_hooks'

/*
 * The test runner follows every promise, to know to which test something belongs that fails behind its back. That takes a
 * third of the time of tests that make millions of them. Loaded before the runner (`node --import`), this leaves it its own
 * resources alone: what fails behind a test's back fails its file.
 */
type Init = (id: number, type: string, triggerId: number, resource: object) => void

const { createHook, AsyncResource, triggerAsyncId } = async_hooks
let init: Init | undefined

/** The first hook is the runner's: it is told of what is made by {@link TestResource}, and is never set up. */
async_hooks.createHook = (callbacks) => {
  async_hooks.createHook = createHook
  init = (...args) => {
    callbacks.init?.(...args)
  }
  return {
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
}

async_hooks.AsyncResource = class TestResource extends AsyncResource {
  constructor(type: string, options?: number | AsyncResourceOptions) {
    super(type, options)
    init?.(this.asyncId(), type, triggerAsyncId(), this)
  }
}
