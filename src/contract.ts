// The names of events and the types of their data; contracts, which carry the validators too.

import type { SseEvent } from './event.js'
import { object, wrongType } from './misuse.js'
import {
  isSchema,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from './standard-schema.js'

/**
 * Event names with the type of their data: `{ price: { cents: number }; done: undefined }`.
 *
 * As a constraint (`M extends EventMap<M>`) it admits interfaces too, which have no index signature.
 */
export type EventMap<M = Record<string, unknown>> = { [Name in keyof M]: unknown }

/** The events of a stream that names none: any name, any data. */
export type AnyEvents = Record<string, unknown>

/**
 * One event of the map `M`: a union that `event` tells apart.
 *
 * `event` may be left out for `message`; `data` is required unless its type admits `undefined`.
 */
export type EventOf<M extends EventMap<M>> = string extends keyof M
  ? SseEvent<string, M[keyof M]>
  : { [Name in keyof M & string]: NamedEvent<Name, M[Name]> }[keyof M & string]

/** One event of a map: its name, and data of the type that goes with it. */
export type NamedEvent<Name extends string, Data> = Omit<SseEvent, 'event' | 'data'> &
  ('message' extends Name
    ? {
        /** The name; it may be left out. */
        event?: Name | undefined
      }
    : {
        /** The name. */
        event: Name
      }) &
  (undefined extends Data
    ? {
        /** The data; there may be none. */
        data?: Data
      }
    : {
        /** The data. */
        data: Data
      })

declare const sent: unique symbol
declare const received: unique symbol
const isText: unique symbol = Symbol.for('eventwire.text') as never

/** Names the entries of a contract: not for applications. */
export const entries: unique symbol = Symbol.for('eventwire.entries') as never

/**
 * Event names with the type, and the validator, of their data: what {@link defineEvents} makes.
 *
 * Give it to streams and channels, and to whoever reads them.
 *
 * @typeParam Sent - data by name, as it is sent: what the validators take
 * @typeParam Received - data by name, as it is received: what the validators give
 */
export interface Contract<
  Sent extends EventMap<Sent> = AnyEvents,
  // biome-ignore lint/suspicious/noExplicitAny: whoever sends does not look at it.
  Received extends EventMap<Received> = any,
> {
  /** There for the compiler alone. What admits any event does for those of any map. */
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  [sent]?(data: string extends keyof Sent ? any : Sent): void
  /** There for the compiler alone. */
  readonly [received]?: Received
  /** @internal */
  readonly [entries]: ReadonlyMap<string, ContractEntry>
}

/** Data that is plain text: what {@link text} gives. */
export interface TextCodec {
  /** Tells it from validators, in whichever build of the package it was made. */
  readonly [isText]: true
}

/** What one name of a contract stands for: a validator of JSON data, plain text, or no data. */
export type ContractEntry = StandardSchema | TextCodec | null

/** Data by name, as it is sent under these entries. */
export type SentBy<Entries> = {
  -readonly [Name in keyof Entries]: Entries[Name] extends StandardSchema
    ? SchemaInput<Entries[Name]>
    : Entries[Name] extends TextCodec
      ? string
      : undefined
}

/** Data by name, as it is received under these entries. */
export type ReceivedBy<Entries> = {
  -readonly [Name in keyof Entries]: Entries[Name] extends StandardSchema
    ? SchemaOutput<Entries[Name]>
    : Entries[Name] extends TextCodec
      ? string
      : undefined
}

const TEXT: TextCodec = Object.freeze({ [isText]: true as const })

/** Says in a contract that an event's data is plain text, sent and received as it is. */
export function text(): TextCodec {
  return TEXT
}

/** Tells whether an entry stands for plain text. */
export const isTextCodec = (entry: unknown): entry is TextCodec =>
  (entry as TextCodec | null | undefined)?.[isText] === true

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
  const byName = new Map<string, ContractEntry>(Object.entries(object('the events', events)))
  for (const [name, entry] of byName) {
    if (!/^[^\r\n]+$/.test(name)) throw wrongType('the name of an event', 'one line of text', name)
    if (entry !== null && !isTextCodec(entry) && !isSchema(entry)) {
      throw wrongType(`\`${name}\``, 'a Standard Schema, text() or null', entry)
    }
  }
  return { [entries]: byName }
}
