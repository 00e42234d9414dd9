// What a contract makes of an event that is sent: its data as text, checked if that is asked for.

import type { ContractEntry, SendingOptions } from './contract.js'
import { checkFields, type SseEvent, serialized } from './event.js'
import { object, wrongType } from './misuse.js'
import type { StandardSchema } from './standard-schema.js'
import { isTextCodec } from './text-codec.js'
import { invalid, verdictOn } from './verdict.js'

/**
 * Gives the event with the text of its data.
 *
 * @throws {TypeError} when the contract does not have its name, or its data cannot be sent under that name; when it is to
 * be checked by a validator that takes its time.
 * @throws {SseError} `ERR_SSE_INVALID` when it is checked, and a client would refuse the data.
 */
export function outgoing(
  entries: ReadonlyMap<string, ContractEntry>,
  event: SseEvent,
  { serialize, validate }: SendingOptions,
): SseEvent {
  const { event: name = 'message', data, id, retry, comment } = object('the event', event)
  // A client dispatches nothing then.
  if (event.event === undefined && data === undefined) return event
  const entry = entries.get(name)
  if (entry === undefined) {
    throw wrongType('`event`', `one of the contract: ${[...entries.keys()].join(', ')}`, name)
  }
  if (entry === null) {
    if (data === undefined) return event
    throw wrongType(`the data of \`${name}\``, 'absent', data)
  }
  if (isTextCodec(entry)) {
    if (typeof data === 'string') return event
    throw wrongType(`the data of \`${name}\``, 'a string', data)
  }
  // The event that is given back has nothing else.
  checkFields(event)
  const text = data === undefined ? undefined : serialized(data, serialize)
  if (validate) check(name, entry, text ?? '')
  return { event: event.event, data: text, id, retry, comment }
}

/** Checks the data as a client will: read back from its text, in which a date is a string, and nothing is undefined. */
function check(name: string, schema: StandardSchema, text: string): void {
  const verdict = verdictOn(text, schema)
  if (verdict instanceof Promise) {
    throw wrongType(`the validator of \`${name}\``, 'one that answers at once', verdict)
  }
  if (verdict.issues) throw invalid({ event: name, data: text }, verdict.issues, verdict.cause)
}
