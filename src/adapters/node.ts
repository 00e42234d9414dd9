// Streams on the responses of node:http, node:https and node:http2 (its compatibility API).

import type { AnyEvents, EventMap } from '../contract.js'
import type { AcceptMode } from '../http.js'
import { wrongType } from '../misuse.js'
import type { SseStream } from '../stream.js'
import { NodeExchange, type NodeRequest } from './node-exchange.js'
import {
  accepts,
  type OpenStreamOptions,
  open,
  type RefuseOptions,
  receivedId,
  refuse as refuseExchange,
  stop as stopExchange,
} from './opening.js'
import type { NodeResponse } from './response-sink.js'

export type { Delivery } from './delivery.js'
export type { NodeRequest } from './node-exchange.js'
export type { OpenStreamOptions, RefuseOptions } from './opening.js'
export type { NodeResponse } from './response-sink.js'
export type { StreamHeaders } from './stream-headers.js'

/**
 * Answers a request with an event stream: sends the head at once and gives the stream.
 *
 * Headers set on `res` before are kept, and win over ours. If the client does not accept an event stream,
 * it gets 406 and the stream given back is closed, with the reason 'refused'; if it has left already, the
 * reason is 'client'; a HEAD request gets the head, and a stream that is 'ended'. A handler needs no branch.
 *
 * @param req - `Last-Event-ID`, `Accept` and, with `compress`, `Accept-Encoding` are read from it
 * @param res - its head must not have been sent
 * @throws {TypeError} when an option has the wrong type, or a header cannot be sent.
 * @throws {RangeError} when an option is out of its range.
 * @throws {SseError} `ERR_SSE_HEAD_SENT` when the request has been answered already.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events}
 */
export function openStream<M extends EventMap<M> = AnyEvents>(
  req: NodeRequest,
  res: NodeResponse,
  options: OpenStreamOptions<M> = {},
): SseStream<M> {
  checkRequest(req)
  return open<M>(new NodeExchange(req, checked(res)), options)
}

/**
 * Answers 204, which ends the reconnecting of an EventSource for good.
 *
 * @throws {SseError} `ERR_SSE_HEAD_SENT` when the request has been answered already.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events-intro}
 */
export function stop(res: NodeResponse): void {
  stopExchange(new NodeExchange(undefined, checked(res)))
}

/**
 * Answers 503: there is no room for another stream now.
 *
 * @throws {TypeError} when `retryAfterMs` is no number.
 * @throws {RangeError} when it is no integer >= 0.
 * @throws {SseError} `ERR_SSE_HEAD_SENT` when the request has been answered already.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3}
 */
export function refuse(res: NodeResponse, options: RefuseOptions = {}): void {
  refuseExchange(new NodeExchange(undefined, checked(res)), options)
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
export function acceptsEventStream(req: NodeRequest, accept: AcceptMode = 'lenient'): boolean {
  checkRequest(req)
  return accepts(req.headers.accept, accept)
}

/**
 * Gives the id of the last event that the client has received, as `stream.lastEventId` will: for a handler that answers before
 * it opens a stream, by `stop` for instance where nothing can follow that event.
 *
 * @returns `''` where it starts fresh; `'invalid-last-event-id'` for one that is too long or has control characters.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header}
 */
export function lastEventIdOf(req: NodeRequest): string {
  checkRequest(req)
  const header = req.headers['last-event-id']
  return receivedId(header as string | undefined, req.url ?? '')
}

function checkRequest(req: NodeRequest): void {
  if (typeof req?.headers === 'object') return
  throw wrongType('`req`', 'a request of node:http, node:https or node:http2', req)
}

function checked(res: NodeResponse): NodeResponse {
  if (typeof res?.setHeader === 'function') return res
  throw wrongType('`res`', 'a response of node:http, node:https or node:http2', res)
}
