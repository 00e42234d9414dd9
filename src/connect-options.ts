// What a client can be told when it connects, with the defaults.

import type { SseActivity } from './activity.js'
import { type AttemptRequest, isOneShot } from './attempt-request.js'
import type { BackoffOptions } from './backoff.js'
import { type ClientClock, PLATFORM_CLOCK } from './client-clock.js'
import type { EventMap } from './contract.js'
import type { RequestedDelivery } from './delivery-request.js'
import type { ResponseLike } from './event-response.js'
import { delay, integer, MAX_DELAY_MS, object, oneOf, optional, wrongType } from './misuse.js'
import {
  PARSE_OPTIONS,
  type ParseOptions,
  type ResolvedParseOptions,
  resolveParseOptions,
  type TextEvents,
} from './parse-options.js'
import { type ReconnectOptions, resolveReconnectOptions } from './reconnect-options.js'

/** One attempt to connect, as the functions that have a say in it see it. */
export interface Attempt {
  /** Which attempt it is: 1 for the first. */
  readonly number: number
  /** The id to resume from; `''` to start fresh. It is sent as `Last-Event-ID` if a header can carry it. */
  readonly lastEventId: string
  /** Why the attempt or the connection before has ended; absent at the first, and after an end in good order. */
  readonly error: Error | undefined
  /** Aborts when the attempt, or the connection that comes of it, is given up. */
  readonly signal: AbortSignal
}

/** What becomes of a response that is no event stream: another attempt, the end with an error, or the end in good order. */
export type StatusVerdict = 'retry' | 'fail' | 'end'

/** How a client connects, reads and comes back. Every option can be left out. */
export interface ConnectOptions<M extends EventMap<M> = TextEvents> extends ParseOptions<M> {
  /**
   * Makes what is sent, anew for each attempt: a fresh token, a URL, a body. What it gives is laid over `method`, `headers`
   * and `body`; headers are joined by name. If it fails at the first attempt the iteration fails with its error; later it
   * is a failed attempt like any other.
   */
  request?: ((attempt: Attempt) => AttemptRequest | Promise<AttemptRequest>) | undefined
  /** Headers of each attempt. `Accept: text/event-stream` is added unless they say otherwise. */
  headers?: RequestInit['headers'] | undefined
  /**
   * The method of each attempt.
   *
   * @defaultValue `'GET'`
   */
  method?: string | undefined
  /** The body of each attempt: one that can be sent again. Give a stream by `request`, a new one each time. */
  body?: RequestInit['body'] | undefined
  /**
   * What makes requests.
   *
   * @defaultValue the platform's `fetch`
   */
  fetch?: ((url: string, init: RequestInit) => Promise<ResponseLike>) | undefined
  /**
   * The id to resume from at the first attempt: one line without NUL.
   *
   * @defaultValue `''`
   */
  lastEventId?: string | undefined
  /**
   * How it comes back; `false` for not at all: a cut is then an error, and a clean end ends the iteration.
   *
   * @defaultValue for ever, at growing intervals
   */
  reconnect?: ReconnectOptions | false | undefined
  /**
   * For how long the server may send no byte at all while one is waited for, in milliseconds: 1 to 2147483647, or
   * `false` for ever. An unanswered request counts, a slow consumer does not. Then the connection is cut, with
   * `ERR_SSE_TIMEOUT`, and made anew: one whose other side has vanished is not found out in any other way.
   *
   * @defaultValue `90_000`: proxies close what is silent for a minute, so servers send something more often
   */
  idleTimeoutMs?: number | false | undefined
  /**
   * For how long an open connection may bring no event while one is waited for, whatever else it brings, in
   * milliseconds: 1 to 2147483647, or `false` for ever. Then it is cut and made anew.
   *
   * @defaultValue `false`
   */
  eventTimeoutMs?: number | false | undefined
  /**
   * How events are asked for where a proxy or a virus scanner may hold responses until they end. The server must know the
   * query parameter `delivery`, as `openStream` does with `delivery: 'auto'`; one that ignores it is read as it answers.
   *
   * - `'stream'`: nothing is added to the URL.
   * - `'long-poll'`, `'poll'`: each attempt adds `delivery=long-poll` or `delivery=poll` to the query.
   * - `'auto'`: a stream at first; once a request has brought no byte of one for `firstByteTimeoutMs`, `'long-poll'`, at
   *   once and without counting as a failure, until a response shows that it comes through as it is sent.
   *
   * A batch's end is no end: `onEnd`, waits and `maxAttempts` do not count it.
   *
   * @defaultValue `'stream'`
   */
  delivery?: RequestedDelivery | undefined
  /**
   * For how long `delivery: 'auto'` waits for the first byte of a stream, from the request on, in milliseconds: an
   * integer from 1 to 2147483647. The server has to send something at once.
   *
   * @defaultValue `5_000`
   */
  firstByteTimeoutMs?: number | undefined
  /**
   * What becomes of a connection whose response ends in good order: another attempt, as browsers do, or the end of the
   * iteration.
   *
   * @defaultValue `'reconnect'`; `'finish'` with `reconnect: false`
   */
  onEnd?: 'reconnect' | 'finish' | undefined
  /**
   * Says what becomes of a response that is no event stream, for its status or its content type. `undefined` leaves it at
   * the default: 204 ends; 408, 425, 429 and 5xx are retried, no sooner than `Retry-After` says; all else fails with
   * `ERR_SSE_RESPONSE`.
   */
  onStatus?: ((response: ResponseLike, attempt: Attempt) => StatusVerdict | undefined) | undefined
  /** Hears of all that happens, in order. What it throws fails the iteration; a promise that it gives is its own affair. */
  onActivity?: ((activity: SseActivity) => void) | undefined
  /**
   * Time and timers, for tests.
   *
   * @defaultValue the platform's
   */
  clock?: ClientClock | undefined
  /**
   * Gives a number from 0 to less than 1, for tests.
   *
   * @defaultValue `Math.random`
   */
  random?: (() => number) | undefined
}

/** The options of the connection itself, checked and complete. */
export interface ResolvedConnectOptions
  extends Pick<
    ConnectOptions,
    'request' | 'headers' | 'method' | 'body' | 'fetch' | 'onStatus' | 'onActivity'
  > {
  readonly lastEventId: string
  readonly comesBack: boolean
  readonly backoff: BackoffOptions
  readonly idleTimeoutMs: number | false
  readonly eventTimeoutMs: number | false
  readonly delivery: RequestedDelivery
  readonly firstByteTimeoutMs: number
  readonly isEndFinal: boolean
  readonly clock: ClientClock
  readonly random: () => number
  readonly parsing: ResolvedParseOptions
}

const CONNECT_OPTIONS: readonly (keyof ConnectOptions)[] = [
  ...PARSE_OPTIONS,
  'request',
  'headers',
  'method',
  'body',
  'fetch',
  'lastEventId',
  'reconnect',
  'idleTimeoutMs',
  'eventTimeoutMs',
  'delivery',
  'firstByteTimeoutMs',
  'onEnd',
  'onStatus',
  'onActivity',
  'clock',
  'random',
]

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} when one has the wrong type.
 * @throws {RangeError} when a number is out of its range.
 */
export function resolveConnectOptions<M extends EventMap<M>>(
  options: ConnectOptions<M>,
): ResolvedConnectOptions {
  const parsing = resolveParseOptions(options, CONNECT_OPTIONS)
  const {
    lastEventId = '',
    reconnect = {},
    idleTimeoutMs = 90_000,
    eventTimeoutMs = false,
    delivery = 'stream',
    firstByteTimeoutMs = 5_000,
    onEnd = 'reconnect',
    clock = PLATFORM_CLOCK,
    random = Math.random,
  } = options
  if (typeof lastEventId !== 'string' || /[\r\n\0]/.test(lastEventId)) {
    throw wrongType('`lastEventId`', 'one line without NUL', lastEventId)
  }
  for (const name of ['headers', 'body'] as const) {
    if (!isOneShot(options[name])) continue
    throw wrongType(
      `\`${name}\``,
      'one that can be sent again; give others by `request`',
      options[name],
    )
  }
  for (const name of ['request', 'fetch', 'onStatus', 'onActivity', 'random'] as const) {
    optional(`\`${name}\``, options[name], 'function')
  }
  return {
    ...options,
    lastEventId,
    comesBack: reconnect !== false,
    backoff: resolveReconnectOptions(reconnect === false ? {} : reconnect),
    idleTimeoutMs: delay('`idleTimeoutMs`', idleTimeoutMs),
    eventTimeoutMs: delay('`eventTimeoutMs`', eventTimeoutMs),
    delivery: oneOf('`delivery`', delivery, DELIVERIES),
    firstByteTimeoutMs: integer('`firstByteTimeoutMs`', firstByteTimeoutMs, 1, MAX_DELAY_MS),
    isEndFinal:
      oneOf('`onEnd`', onEnd, ['reconnect', 'finish']) === 'finish' || reconnect === false,
    clock: object('`clock`', clock),
    random,
    parsing,
  }
}

const DELIVERIES: readonly RequestedDelivery[] = ['stream', 'auto', 'long-poll', 'poll']
