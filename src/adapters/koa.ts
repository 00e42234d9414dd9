// Streams on the contexts of Koa 2 and 3.

import type {} from 'koa'
import type { AnyEvents, EventMap } from '../contract.js'
import type { AcceptMode } from '../http.js'
import { wrongType } from '../misuse.js'
import type { SseStream } from '../stream.js'
import { type Context, KoaExchange, watched } from './koa-exchange.js'
import {
  accepts,
  checkDefaults,
  type OpenStreamOptions,
  open,
  type RefuseOptions,
  receivedId,
  refuse as refuseExchange,
  stop as stopExchange,
  withDefaults,
} from './opening.js'

export type { Delivery } from './delivery.js'
export type { Context } from './koa-exchange.js'
export type { NodeRequest } from './node-exchange.js'
export type { OpenStreamOptions, RefuseOptions } from './opening.js'
export type { NodeResponse } from './response-sink.js'
export type { StreamHeaders } from './stream-headers.js'

declare module 'koa' {
  interface ExtendableContext {
    /**
     * Answers with an event stream: `openStream` of `eventwire/koa` with this context. There when the middleware
     * `sse()` is in use.
     */
    sse<M extends EventMap<M> = AnyEvents>(options?: OpenStreamOptions<M>): SseStream<M>
  }
}

/**
 * Answers a request with an event stream: `openStream` of `eventwire/node`, with which it shares everything but the
 * way out. The stream is the body of the context: what middleware sets after `await next()` still goes along.
 *
 * The head leaves once all middleware has returned, as with any body. If that takes longer than a quarter of a second, as when the
 * handler waits for its stream (`await stream.sendAll(source)`), it leaves then, with the headers set so far.
 *
 * When a middleware fails after that, the stream closes with the reason 'error', and Koa reports the error. If
 * the head has not left, Koa answers it, too. A client that leaves is no error.
 *
 * @throws as of `openStream` of `eventwire/node`.
 */
export function openStream<M extends EventMap<M> = AnyEvents>(
  ctx: Context,
  options: OpenStreamOptions<M> = {},
): SseStream<M> {
  return open<M>(new KoaExchange(checked(ctx)), options)
}

/**
 * Answers 204, which ends the reconnecting of an EventSource for good.
 *
 * @throws as of `stop` of `eventwire/node`.
 */
export function stop(ctx: Context): void {
  stopExchange(new KoaExchange(checked(ctx)))
}

/**
 * Answers 503: there is no room for another stream now.
 *
 * @throws as of `refuse` of `eventwire/node`.
 */
export function refuse(ctx: Context, options: RefuseOptions = {}): void {
  refuseExchange(new KoaExchange(checked(ctx)), options)
}

/** Tells whether the request's `Accept` header admits an event stream: as of `acceptsEventStream` of `eventwire/node`. */
export function acceptsEventStream(ctx: Context, accept: AcceptMode = 'lenient'): boolean {
  return accepts(checked(ctx).req.headers.accept, accept)
}

/** Gives the id of the last event that the client has received: as of `lastEventIdOf` of `eventwire/node`. */
export function lastEventIdOf(ctx: Context): string {
  const { headers, url = '' } = checked(ctx).req
  return receivedId(headers['last-event-id'] as string | undefined, url)
}

/**
 * Makes the middleware that adds `ctx.sse(options?)`.
 *
 * It also sees how the middleware behind it ends: a handler's error closes its stream even if other middleware catches
 * it, and once the handler has returned, the head waits for the rest however long that takes. So put it near to the
 * handlers.
 *
 * @param defaults - options for all streams; those of a call win
 * @throws {TypeError} or {RangeError} when one is wrong.
 */
export function sse<T>(
  defaults: OpenStreamOptions = {},
): (ctx: Context, next: () => Promise<T>) => Promise<T> {
  checkDefaults(defaults)
  return (ctx, next) => {
    Object.assign(ctx, {
      sse: (options: OpenStreamOptions = {}) => openStream(ctx, withDefaults(defaults, options)),
    })
    return watched(ctx, next)
  }
}

function checked(ctx: Context): Context {
  if (typeof ctx?.res?.setHeader === 'function' && typeof ctx.req?.headers === 'object') return ctx
  throw wrongType('`ctx`', 'a context of Koa', ctx)
}
