// Streams on the responses of node:http, node:https and node:http2 (its compatibility API).

import {
  type IncomingMessage,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { AnyEvents, EventMap } from '../contract.js'
import { SseError } from '../errors.js'
import {
  ACCEPT_MODES,
  type AcceptMode,
  acceptsType,
  EVENT_STREAM,
  lastEventIdOf,
  retryAfter,
  STREAM_HEADERS,
} from '../http.js'
import { integer, object, oneOf, wrongType } from '../misuse.js'
import { resolveOptions, type SseStreamOptions } from '../options.js'
import { endedSink } from '../sink.js'
import { SseStream } from '../stream.js'
import { type NodeResponse, ResponseSink } from './response-sink.js'

export type { NodeResponse } from './response-sink.js'

/** A request of `node:http`, `node:https` or `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/** Headers to send, by name. */
export type StreamHeaders = Readonly<Record<string, string | number | readonly string[]>>

/** How {@link openStream} answers. */
// biome-ignore lint/suspicious/noExplicitAny: without a contract they do for streams of any events.
export interface OpenStreamOptions<M extends EventMap<M> = any> extends SseStreamOptions<M> {
  /**
   * Headers for this response. They win over ours and over those set on the response before. The content
   * type is always `text/event-stream`; headers that frame the body or belong to the connection (on
   * HTTP/2) are left out.
   */
  headers?: StreamHeaders | undefined
  /**
   * The status, one whose response has a body. An EventSource takes nothing but 200.
   *
   * @defaultValue what is set on the response: `200`
   */
  status?: number | undefined
  /**
   * Which `Accept` headers are served; others are answered with 406.
   *
   * @defaultValue `'lenient'`
   */
  accept?: AcceptMode | undefined
}

/** How {@link refuse} answers. */
export interface RefuseOptions {
  /** When to try again, in milliseconds: an integer >= 0, sent as `Retry-After` in whole seconds. */
  retryAfterMs?: number | undefined
}

/**
 * Answers a request with an event stream: sends the head at once and gives the stream.
 *
 * Headers set on `res` before are kept, and win over ours. If the client does not accept an event stream,
 * it gets 406 and the stream given back is closed, with the reason 'refused'; if it has left already, the
 * reason is 'client'; a HEAD request gets the head, and a stream that is 'ended'. A handler needs no branch.
 *
 * @param req - `Last-Event-ID` and `Accept` are read from it
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
  // All that can be wrong is found before the response is touched: the application can still answer.
  checkRequest(req)
  checkHeadUnsent(res)
  object('the options', options)
  const { lastEventId = lastEventIdFrom(req), headers = {}, status = res.statusCode } = options
  const streamOptions = { ...options, lastEventId }
  resolveOptions(streamOptions)
  const accept = oneOf<AcceptMode>('`accept`', options.accept ?? 'lenient', ACCEPT_MODES)
  checkStatus(status)
  checkHeaders(headers)

  if (!acceptsType(req.headers.accept, accept)) {
    answer(res, 406, { 'content-type': 'text/plain' }, `Not acceptable: this is ${EVENT_STREAM}.\n`)
    return new SseStream<M>(endedSink('refused'), streamOptions)
  }
  res.statusCode = status
  setHeaders(res, headers)
  if (req.method === 'HEAD') {
    res.end()
    return new SseStream<M>(endedSink('ended'), streamOptions)
  }
  if (hasLeft(req, res)) return new SseStream<M>(endedSink('client'), streamOptions)
  const stream = new SseStream<M>(new ResponseSink(res, req.socket), streamOptions)
  // Also there in HTTP/2, though its types do not tell.
  if (stream.state !== 'closed') (res as ServerResponse).flushHeaders()
  return stream
}

/**
 * Answers 204, which ends the reconnecting of an EventSource for good.
 *
 * @throws {SseError} `ERR_SSE_HEAD_SENT` when the request has been answered already.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#server-sent-events-intro}
 */
export function stop(res: NodeResponse): void {
  checkHeadUnsent(res)
  answer(res, 204, {})
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
  const { retryAfterMs: ms } = object('the options', options)
  if (ms !== undefined) integer('`retryAfterMs`', ms, 0)
  checkHeadUnsent(res)
  answer(res, 503, ms === undefined ? {} : { 'retry-after': retryAfter(ms) })
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
  return acceptsType(req.headers.accept, oneOf<AcceptMode>('`accept`', accept, ACCEPT_MODES))
}

/** Tells whether the client has left before a stream could open: Node's events for that are over. */
function hasLeft(req: NodeRequest, res: NodeResponse): boolean {
  if ('stream' in res) return res.stream?.destroyed ?? true
  return res.destroyed || (req.socket?.destroyed ?? false)
}

function lastEventIdFrom(req: NodeRequest): string {
  return lastEventIdOf(req.headers['last-event-id'] as string | undefined, req.url ?? '')
}

function checkRequest(req: NodeRequest): void {
  if (typeof req?.headers === 'object') return
  throw wrongType('`req`', 'a request of node:http, node:https or node:http2', req)
}

function checkResponse(res: NodeResponse): void {
  if (typeof res?.setHeader === 'function') return
  throw wrongType('`res`', 'a response of node:http, node:https or node:http2', res)
}

function checkStatus(status: number): void {
  integer('`status`', status, 200, 599)
  if (status === 204 || status === 205 || status === 304) {
    throw new RangeError(`Expected \`status\` to be one whose response has a body, got ${status}`)
  }
}

function checkHeaders(headers: StreamHeaders): void {
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) {
    throw wrongType('`headers`', 'an object of names and values', headers)
  }
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    for (const item of [value].flat()) validateHeaderValue(name, `${item}`)
  }
}

function checkHeadUnsent(res: NodeResponse): void {
  checkResponse(res)
  if (res.headersSent || res.writableEnded) {
    throw new SseError('ERR_SSE_HEAD_SENT', 'The request has been answered already')
  }
}

/** Headers that only the server can set right. */
const FRAMING = ['content-type', 'content-length', 'transfer-encoding']

/** Takes back a length that was meant for another body. */
function forgetLength(res: NodeResponse): void {
  // Never unasked: to Node, removing a framing header means to do without that framing.
  if (res.hasHeader('content-length')) res.removeHeader('content-length')
}

// [spec] An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields.
const CONNECTION = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
]

function setHeaders(res: NodeResponse, headers: StreamHeaders): void {
  forgetLength(res)
  const left = 'stream' in res ? [...FRAMING, ...CONNECTION] : FRAMING
  for (const [name, value] of Object.entries(headers)) {
    if (!left.includes(name.toLowerCase())) res.setHeader(name, value as string)
  }
  for (const [name, value] of Object.entries(STREAM_HEADERS)) {
    if (!res.hasHeader(name)) res.setHeader(name, value)
  }
  res.setHeader('content-type', EVENT_STREAM)
}

/** Answers in full. Headers set before, such as those of CORS, go along. */
function answer(
  res: NodeResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body = '',
): void {
  forgetLength(res)
  res.removeHeader('content-type')
  res.statusCode = status
  res.setHeader('cache-control', 'no-store')
  for (const [name, value] of Object.entries(headers))
    res.setHeader(name, value)
    // Two overloads, one for each protocol: `end('')` suits both.
  ;(res as ServerResponse).end(body)
}
