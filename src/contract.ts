// The names of events and the types of their data.

import type { SseEvent } from './event.js'

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
