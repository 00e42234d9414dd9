// A connection that comes back by itself, as an iterator over its events.

import { makeRequest } from './attempt-request.js'
import { type ConnectOptions, resolveConnectOptions } from './connect-options.js'
import type { Contract, EventMap } from './contract.js'
import { EventReader } from './event-reader.js'
import type { ReceivedEvent, TextEvents } from './parse-options.js'
import { type ConnectionState, Session } from './session.js'

/**
 * The events of one URL, over as many connections as it takes: for `for await`, by one consumer.
 *
 * It connects when it is first asked for an event, and reads only while it is asked. The end of the loop, however it comes,
 * closes it.
 */
export interface SseConnection<M extends EventMap<M> = TextEvents>
  extends AsyncIterableIterator<ReceivedEvent<M>, undefined, undefined> {
  /** What it is doing: an attempt (from the start), reading, waiting for the next attempt, or nothing any more. */
  readonly state: ConnectionState
  /**
   * The id of the last event handed over, moved on by the blocks behind it that have an id and no data: whoever stops
   * and resumes from it loses nothing.
   */
  readonly lastEventId: string
  /** The reconnection time that the server has set, in milliseconds. */
  readonly retryMs: number | undefined
  /** Ends it at once, whatever it is doing: the iteration ends, and not one more event comes. */
  close(): void
  /** Gives the next event, or the end. */
  next(): Promise<IteratorResult<ReceivedEvent<M>, undefined>>
  /** As `close`. */
  return(): Promise<IteratorResult<ReceivedEvent<M>, undefined>>
  /**
   * Gives itself, once: two consumers would take each other's events.
   *
   * @throws {TypeError} the second time.
   */
  [Symbol.asyncIterator](): SseConnection<M>
}

/**
 * Connects to an event stream, and connects again whenever that is lost, from the last event on.
 *
 * Nothing is sent before an event is asked for. Data is text, or, with a contract, what its validators make of it.
 *
 * @param url - absolute, or relative to the page or the worker
 * @throws {TypeError} when the URL, a header, the method or the body cannot be sent, or an option has the wrong type.
 * @throws {RangeError} when a number is out of its range.
 * @throws {SseError} from the iteration: `ERR_SSE_RESPONSE`, `ERR_SSE_GAVE_UP`, `ERR_SSE_INVALID`,
 * `ERR_SSE_UNKNOWN_EVENT`, `ERR_SSE_TOO_LARGE`; with `reconnect: false` `ERR_SSE_CONNECTION` and `ERR_SSE_TIMEOUT`.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#processing-model}
 */
export function connect<M extends EventMap<M>>(
  url: string | URL,
  // biome-ignore lint/suspicious/noExplicitAny: whoever receives does not look at what is sent.
  options: ConnectOptions<M> & { events: Contract<any, M> },
): SseConnection<M>
/** As above, with data as text. */
export function connect(url: string | URL, options?: ConnectOptions): SseConnection
export function connect<M extends EventMap<M>>(
  url: string | URL,
  options: ConnectOptions<M> = {},
): SseConnection<M> {
  const resolved = resolveConnectOptions(options)
  // `request` may bring another URL, method or body: then its own are looked at.
  makeRequest({ url }, resolved, resolved.lastEventId)
  return new Connection(new Session(url, resolved), resolved.parsing.signal) as never
}

class Connection extends EventReader {
  readonly #session: Session
  #hasConsumer = false

  constructor(session: Session, signal: AbortSignal | undefined) {
    super(session, session.intake, signal)
    this.#session = session
  }

  get state() {
    return this.#session.state
  }

  close(): void {
    this.return()
  }

  override [Symbol.asyncIterator](): this {
    if (this.#hasConsumer) {
      throw new TypeError('Expected the connection to have one consumer, got a second one')
    }
    this.#hasConsumer = true
    return this
  }
}
