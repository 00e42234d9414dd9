// The names of events and the types of their data, by themselves and in contracts.

import type { Serialize, SseEvent } from './event.js'
import { wrongType } from './misuse.js'
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.js'

/**
 * Event names with the type of their data: `{ price: { cents: number }; done: undefined }`.
 *
 * As a constraint (`M extends EventMap<M>`) it admits interfaces too, which have no index signature.
 */
export type EventMap<M = Record<string, unknown>> = { [Name in keyof M]: unknown }

/** The events of a stream that names none: any name, any data. */
export type AnyEvents = Record<string, unknown>

/**
 * One event that is sent, of the map `M` or of a contract (`EventOf<typeof events>`): a union that `event` tells apart.
 *
 * `event` may be left out for `message`; `data` is required unless its type admits `undefined`.
 */
export type EventOf<M extends EventMap<M>> = string extends keyof M
  ? SseEvent<string, M[keyof M]>
  : {
      [Name in keyof SentMap<M> & string]: NamedEvent<Name, SentMap<M>[Name]>
    }[keyof SentMap<M> & string]

/** One event that is published on a channel, of the map `M` or of a contract: it has no id, which is the log's to give. */
export type ChannelEvent<M extends EventMap<M>> = EventOf<M> & {
  /** None. */
  id?: undefined
}

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
declare const isText: unique symbol

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
  readonly entries: ReadonlyMap<string, ContractEntry>
  /** @internal What is sent for an event: here, so that only those who make a contract load it. */
  readonly outgoing: Outgoing
}

/** The map of what is sent under a contract; a map is its own. */
type SentMap<M> = typeof sent extends keyof M ? (M extends Contract<infer Sent> ? Sent : M) : M

/** The map of what is received under a contract; a map is its own. */
export type ReceivedMap<M> = typeof received extends keyof M
  ? // biome-ignore lint/suspicious/noExplicitAny: whoever receives does not look at what is sent.
    M extends Contract<any, infer Received>
    ? Received
    : M
  : M

/** How data becomes text where it is sent: options of streams and channels. */
export interface SendingOptions {
  readonly events: { readonly outgoing: Outgoing } | undefined
  readonly serialize: Serialize | undefined
  readonly validate: boolean | undefined
}

/** Gives an event with its data as the text that is sent; throws what it cannot be sent for. */
type Outgoing = (event: SseEvent, options: SendingOptions) => SseEvent

/** Data that is plain text: what {@link text} gives. */
export interface TextCodec {
  /** Tells it from validators. */
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

/**
 * Gives back options of whoever sends, if there is a contract where data is to be checked: by itself, `validate` has no effect.
 *
 * @throws {TypeError} when there is none.
 */
export function checkable<T extends SendingOptions>(options: T): T {
  if (options.events || !options.validate) return options
  throw wrongType('`validate`', 'absent without `events`', true)
}

/** Gives back `events` if it is a contract, or is absent. */
export function optionalContract<Events>(events: Events): Events {
  if (events === undefined || (events as Partial<Contract> | null)?.outgoing) return events
  throw wrongType('`events`', 'a contract', events)
}
