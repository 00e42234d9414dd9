// What a client claims to have received last. It may claim anything.

import { byteLength } from './utf8.js'

/** Stands for an id that no log can have given: whoever looks it up finds a gap. */
const INVALID_LAST_EVENT_ID = 'invalid-last-event-id'

/** Longer ones are not kept: each open stream holds its own. */
const MAX_BYTES = 1_024

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/

/** Gives back an id that is harmless to keep and to log, and a fixed placeholder for any other. */
export function harmlessLastEventId(id: string): string {
  return CONTROL_CHARACTER.test(id) || byteLength(id) > MAX_BYTES ? INVALID_LAST_EVENT_ID : id
}
