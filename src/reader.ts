// Reading events from a source, one at a time, for as long as somebody asks for the next.

import { type Chunks, chunkSource } from './chunk-source.js'
import type { Contract, EventMap } from './contract.js'
import { EventReader } from './event-reader.js'
import { isResponse, type ResponseLike, responseSource } from './event-response.js'
import { Intake } from './intake.js'
import {
  type ParseOptions,
  type ReceivedEvent,
  resolveParseOptions,
  type TextEvents,
} from './parse-options.js'

/** Where events are read from: a Fetch `Response`, a web stream, or an async iterable, such as a Node.js `Readable`. */
export type EventsSource = ResponseLike | Chunks

/**
 * The events of one source, one at a time: for `for await`, once.
 *
 * Nothing is read before an event is asked for, nor while there is one to give. The end of the loop, however it comes,
 * cancels the source.
 */
export interface SseReader<M extends EventMap<M> = TextEvents>
  extends AsyncIterableIterator<ReceivedEvent<M>, undefined, undefined> {
  /**
   * The id of the last event handed over, moved on by the blocks behind it that have an id and no data: whoever stops
   * and resumes from it loses nothing.
   */
  readonly lastEventId: string
  /** The reconnection time in force, in milliseconds. */
  readonly retryMs: number | undefined
  /** Gives the next event, or the end. */
  next(): Promise<IteratorResult<ReceivedEvent<M>, undefined>>
  /** Ends the iteration and cancels the source, also while a `next` waits: that one then gives the end. */
  return(): Promise<IteratorResult<ReceivedEvent<M>, undefined>>
  /** Gives itself: there is one way through the events. */
  [Symbol.asyncIterator](): SseReader<M>
}

/**
 * Reads the events of a source, which it takes hold of at once.
 *
 * With a contract, data is what the contract's validators make of it, and `event` tells the types of data apart; without
 * one, data is text.
 *
 * @throws {TypeError} when the source is none, or is locked or read already; when an option has the wrong type.
 * @throws {RangeError} when `maxEventBytes` is out of its range.
 * @throws {SseError} from the iteration: `ERR_SSE_RESPONSE` for a response that is no event stream,
 * `ERR_SSE_TOO_LARGE`, `ERR_SSE_INVALID`, `ERR_SSE_UNKNOWN_EVENT`. The source is cancelled then.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 */
export function parseEvents<M extends EventMap<M>>(
  source: EventsSource,
  // biome-ignore lint/suspicious/noExplicitAny: whoever receives does not look at what is sent.
  options: ParseOptions<M> & { events: Contract<any, M> },
): SseReader<M>
/** As above, with data as text. */
export function parseEvents(source: EventsSource, options?: ParseOptions): SseReader
export function parseEvents<M extends EventMap<M>>(
  source: EventsSource,
  options: ParseOptions<M> = {},
): SseReader<M> {
  const resolved = resolveParseOptions(options)
  const held = isResponse(source) ? responseSource(source) : chunkSource(source)
  return new EventReader(held, new Intake(resolved), resolved.signal) as unknown as SseReader<M>
}
