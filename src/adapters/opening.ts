// How a request is answered with an event stream, whatever server or framework it came by.

import type { AnyEvents, EventMap } from '../contract.js'
import { SseError } from '../errors.js'
import {
  ACCEPT_MODES,
  type AcceptMode,
  acceptsType,
  EVENT_STREAM,
  lastEventIdOf,
  retryAfter,
} from '../http.js'
import { harmlessLastEventId } from '../last-event-id.js'
import { integer, known, object, oneOf, optional } from '../misuse.js'
import { endedSink } from '../sink.js'
import { SseStream } from '../stream.js'
import { resolveStreamOptions, type SseStreamOptions, STREAM_OPTIONS } from '../stream-options.js'
import { compressed } from './compressed-sink.js'
import { type Delivery, deliver, mannerOf } from './delivery.js'
import type { Exchange } from './exchange.js'
import { checkHeaders, negotiated, type StreamHeaders, setHeaders } from './stream-headers.js'

/** How `openStream` answers. */
// biome-ignore lint/suspicious/noExplicitAny: without a contract they do for streams of any events.
export interface OpenStreamOptions<M extends EventMap<M> = any> extends SseStreamOptions<M> {
  /**
   * Headers for this response. They win over ours and over those set on the response before. The content
   * type is always `text/event-stream`; headers that frame the body or belong to the connection (on
   * HTTP/2) are left out.
   *
   * @defaultValue none
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
  /**
   * Compresses the stream by gzip, or by brotli where the client's `Accept-Encoding` has nothing else or prefers it. Each
   * write is flushed, and windows are small: an idle stream costs 16 to 18 KiB for gzip, some tens for brotli, and
   * docs/compression.md says when that is worth it. Without effect where the runtime has no `node:zlib`, or the response has a
   * `content-encoding` already.
   *
   * @defaultValue `false`
   */
  compress?: boolean | undefined
  /**
   * How events are delivered where a proxy or a virus scanner holds responses until they end; docs/delivery.md has when to use
   * which. Needs a channel, or ids of your own: what comes next depends on the id that the client returns with.
   *
   * @defaultValue `'stream'`
   */
  delivery?: Delivery | undefined
}

/** How `refuse` answers. */
export interface RefuseOptions {
  /**
   * When to try again, in milliseconds: an integer >= 0, sent as `Retry-After` in whole seconds.
   *
   * @defaultValue none: no `Retry-After` is sent
   */
  retryAfterMs?: number | undefined
}

/** Their names. */
export const OPEN_OPTIONS: readonly (keyof OpenStreamOptions)[] = [
  ...STREAM_OPTIONS,
  'headers',
  'status',
  'accept',
  'compress',
  'delivery',
]

/**
 * Checks the options that a middleware has for all its streams, but for headers: each response knows what it can carry.
 *
 * @throws {TypeError} or {RangeError} when one is wrong.
 */
export function checkDefaults(defaults: OpenStreamOptions): void {
  const {
    headers,
    status = 200,
    accept = 'lenient',
    compress,
    delivery,
    ...others
  } = known(defaults, OPEN_OPTIONS)
  resolveStreamOptions(withDefaults(others, {}))
  checkedManner({ status, accept, compress, delivery }, '')
}

/** Lays the options of a call over those of its middleware, whose `validate` is for the streams that have a contract. */
export function withDefaults(
  defaults: OpenStreamOptions,
  own: OpenStreamOptions,
): OpenStreamOptions {
  const { validate, ...others } = { ...defaults, ...object('the options', own) }
  return { ...others, validate: others.events ? validate : own.validate }
}

/** Answers with an event stream; the docs of `openStream` in each adapter say how. */
export function open<M extends EventMap<M> = AnyEvents>(
  exchange: Exchange,
  options: OpenStreamOptions<M>,
): SseStream<M> {
  // All that can be wrong is found before the response is touched: the application can still answer.
  checkUnanswered(exchange)
  const {
    headers = {},
    status = exchange.status,
    accept = 'lenient',
    compress,
    delivery,
    lastEventId = lastEventIdOf(exchange.requestHeader('last-event-id'), exchange.url),
    ...others
  } = known(options, OPEN_OPTIONS)
  const streamOptions = { ...others, lastEventId }
  resolveStreamOptions(streamOptions)
  const manner = checkedManner({ status, accept, compress, delivery }, exchange.url)
  checkHeaders(exchange, headers)

  const ended = (reason: 'refused' | 'ended' | 'client') =>
    new SseStream<M>(endedSink(reason), streamOptions)
  if (!acceptsType(exchange.requestHeader('accept'), accept)) {
    exchange.setHeader('content-type', 'text/plain')
    answer(exchange, 406, `Not acceptable: this is ${EVENT_STREAM}.\n`)
    return ended('refused')
  }
  setHeaders(exchange, headers)
  const coding = compress ? negotiated(exchange) : undefined
  if (exchange.method === 'HEAD') {
    if (coding !== undefined) exchange.setHeader('content-encoding', coding)
    exchange.finish(status, undefined)
    return ended('ended')
  }
  if (exchange.hasLeft) return ended('client')
  const sink = exchange.begin(status, coding)
  const stream = deliver<M>(coding ? compressed(sink, coding) : sink, streamOptions, manner)
  // So that a client that asked for it sees at once whether anything gets through.
  if (delivery === 'auto' && manner === undefined) stream.comment()
  exchange.opened(stream as SseStream)
  return stream
}

/** Answers 204. */
export function stop(exchange: Exchange): void {
  checkUnanswered(exchange)
  exchange.removeHeader('content-type')
  answer(exchange, 204)
}

const REFUSE_OPTIONS: readonly (keyof RefuseOptions)[] = ['retryAfterMs']

/** Answers 503. */
export function refuse(exchange: Exchange, options: RefuseOptions): void {
  const { retryAfterMs: ms } = known(options, REFUSE_OPTIONS)
  if (ms !== undefined) integer('`retryAfterMs`', ms, 0)
  checkUnanswered(exchange)
  exchange.removeHeader('content-type')
  if (ms !== undefined) exchange.setHeader('retry-after', retryAfter(ms))
  answer(exchange, 503)
}

/** Tells whether a request's `Accept` header admits an event stream. */
export function accepts(header: string | undefined, accept: AcceptMode): boolean {
  return acceptsType(header, oneOf<AcceptMode>('`accept`', accept, ACCEPT_MODES))
}

/** Gives the id that a request resumes from, as a stream opened for it has it. */
export function receivedId(header: string | undefined, url: string): string {
  return harmlessLastEventId(lastEventIdOf(header, url))
}

/** Answers in full. Headers set before, such as those of CORS, go along. */
function answer(exchange: Exchange, status: number, body = ''): void {
  exchange.removeHeader('content-length')
  exchange.setHeader('cache-control', 'no-store')
  exchange.finish(status, body)
}

function checkUnanswered(exchange: Exchange): void {
  if (exchange.isAnswered) {
    throw new SseError('ERR_SSE_HEAD_SENT', 'The request has been answered already')
  }
}

/** Checks how a request is answered, and gives the manner in which the stream delivers. */
function checkedManner(
  { status, accept, compress, delivery }: OpenStreamOptions & { status: number },
  url: string,
): ReturnType<typeof mannerOf> {
  oneOf<AcceptMode>('`accept`', accept as AcceptMode, ACCEPT_MODES)
  optional('`compress`', compress, 'boolean')
  integer('`status`', status, 200, 599)
  if (status === 204 || status === 205 || status === 304) {
    throw new RangeError(`Expected \`status\` to be one whose response has a body, got ${status}`)
  }
  return mannerOf(delivery, url)
}
