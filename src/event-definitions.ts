// Making a contract out of names, validators and plain text.

import type { Contract, ContractEntry, ReceivedBy, SentBy, TextCodec } from './contract.js'
import { object, wrongType } from './misuse.js'
import { outgoing } from './outgoing.js'
import { isSchema } from './standard-schema.js'
import { isTextCodec, TEXT } from './text-codec.js'

/** Says in a contract that an event's data is plain text, sent and received as it is. */
export function text(): TextCodec {
  return TEXT
}

/**
 * Makes a contract of event names.
 *
 * Each name has a validator of any library that speaks Standard Schema (zod, valibot, arktype), whose data travels as
 * JSON, strings too; or `text()`, whose data is text as it is; or `null`, which carries no data.
 *
 * @throws {TypeError} when a name is not one line of text, or an entry is none of these.
 * @see {@link https://standardschema.dev}
 */
export function defineEvents<const Entries extends Readonly<Record<string, ContractEntry>>>(
  events: Entries,
): Contract<SentBy<Entries>, ReceivedBy<Entries>> {
  // A map, in which a name such as `constructor` is a name like any other.
  const entries = new Map<string, ContractEntry>(Object.entries(object('the events', events)))
  for (const [name, entry] of entries) {
    if (!/^[^\r\n]+$/.test(name)) throw wrongType('the name of an event', 'one line of text', name)
    if (entry !== null && !isTextCodec(entry) && !isSchema(entry)) {
      throw wrongType(`\`${name}\``, 'a Standard Schema, text() or null', entry)
    }
  }
  return {
    entries,
    outgoing: (event, options) => outgoing(entries, event, options),
  }
}
