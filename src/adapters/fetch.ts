// Streams as Responses of the Fetch standard: Hono, h3, Next.js, SvelteKit, Bun, Deno, Workers.

import type { AnyEvents, EventMap } from '../contract.js'
import type { AcceptMode } from '../http.js'
import { wrongType } from '../misuse.js'
import type { SseStream } from '../stream.js'
import { FetchExchange } from './fetch-exchange.js'
import {
  accepts,
  type OpenStreamOptions,
  open,
  type RefuseOptions,
  receivedId,
  refuse as refuseExchange,
  stop as stopExchange,
} from './opening.js'

export type { Delivery } from './delivery.js'
export type { OpenStreamOptions, RefuseOptions } from './opening.js'
export type { StreamHeaders } from './stream-headers.js'

/** A stream, and the response that carries it. */
export interface StreamedResponse<M extends EventMap<M> = AnyEvents> {
  /** Takes the events. */
  readonly stream: SseStream<M>
  /** For the handler to return. */
  readonly response: Response
}

/**
 * Answers a request with an event stream: gives the stream, and the response to return.
 *
 * The stream writes as fast as the body of the response is read. A cancelled body and an aborted request close it
 * with the reason 'client'. If the client does not accept an event stream, the response is a 406 and the stream is
 * closed, with the reason 'refused'; a HEAD request gets a response without a body, and a stream that is 'ended'. A
 * handler needs no branch.
 *
 * @param request - `Last-Event-ID`, `Accept` and, with `compress`, `Accept-Encoding` are read from it
 * @throws {TypeError} when an option has the wrong type, or a header cannot be sent.
 * @throws {RangeError} when an option is out of its range.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events}
 */
export function openStream<M extends EventMap<M> = AnyEvents>(
  request: Request,
  options: OpenStreamOptions<M> = {},
): StreamedResponse<M> {
  checkRequest(request)
  const exchange = new FetchExchange(request)
  const stream = open<M>(exchange, options)
  // A client that has left before gets nothing: whatever is returned, nobody reads it.
  return { stream, response: exchange.response ?? new Response(null) }
}

/**
 * Makes a 204, which ends the reconnecting of an EventSource for good.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events-intro}
 */
export function stop(): Response {
  const exchange = new FetchExchange()
  stopExchange(exchange)
  return exchange.response as Response
}

/**
 * Makes a 503: there is no room for another stream now.
 *
 * @throws {TypeError} when `retryAfterMs` is no number.
 * @throws {RangeError} when it is no integer >= 0.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3}
 */
export function refuse(options: RefuseOptions = {}): Response {
  const exchange = new FetchExchange()
  refuseExchange(exchange, options)
  return exchange.response as Response
}

/**
 * Tells whether the request's `Accept` header admits an event stream, for handlers that have something
 * else to offer.
 *
 * @param accept - `'strict'` where the other representation is the default, so that only clients that ask
 * for an event stream by name get one
 * @defaultValue accept: `'lenient'`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1}
 */
export function acceptsEventStream(request: Request, accept: AcceptMode = 'lenient'): boolean {
  checkRequest(request)
  return accepts(request.headers.get('accept') ?? undefined, accept)
}

/**
 * Gives the id of the last event that the client has received, as `stream.lastEventId` will: for a handler that answers before
 * it opens a stream, by `stop` for instance where nothing can follow that event.
 *
 * @returns `''` where it starts fresh; `'invalid-last-event-id'` for one that is too long or has control characters.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header}
 */
export function lastEventIdOf(request: Request): string {
  checkRequest(request)
  return receivedId(request.headers.get('last-event-id') ?? undefined, request.url)
}

// By its shape: some servers have a class of their own for it.
function checkRequest(request: Request): void {
  if (typeof request?.headers?.get === 'function') return
  throw wrongType('`request`', 'a Request', request)
}
