import { LIST } from '../lists/list-state.js'
import { STREAM_TYPE } from '../streams/stream.js'
import type { ObjectType } from './object-state.js'

/** What a key may have besides a string. */
export const OBJECT_TYPES: readonly ObjectType[] = [LIST, STREAM_TYPE]
