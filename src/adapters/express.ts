// Streams on the responses of Express 4 and 5.

import type { AnyEvents, EventMap } from '../contract.js'
import type { SseStream } from '../stream.js'
import {
  type NodeRequest,
  type NodeResponse,
  type OpenStreamOptions,
  openStream as openNodeStream,
} from './node.js'
import { checkDefaults, withDefaults } from './opening.js'

export {
  acceptsEventStream,
  type Delivery,
  lastEventIdOf,
  type NodeRequest,
  type NodeResponse,
  type OpenStreamOptions,
  type RefuseOptions,
  refuse,
  type StreamHeaders,
  stop,
} from './node.js'

declare global {
  namespace Express {
    interface Response {
      /**
       * Answers with an event stream: `openStream` of `eventwire/express` with this request and response. There
       * when the middleware `sse()` is in use.
       */
      sse<M extends EventMap<M> = AnyEvents>(options?: OpenStreamOptions<M>): SseStream<M>
    }
  }
}

/** What calls the next handler. */
export type Next = (error?: unknown) => void

/** A middleware, as Express calls it. */
export type Middleware = (req: NodeRequest, res: NodeResponse, next: Next) => void

type ErrorHandler = (error: unknown, req: NodeRequest, res: NodeResponse, next: Next) => void

/** What Express adds to a request. */
interface ExpressRequest {
  readonly app?: Application
}

interface Application {
  use(handler: ErrorHandler): unknown
  /** Of Express 5; in 4 a getter that throws. */
  readonly router?: Router
  /** Of Express 4. */
  readonly _router?: Router
}

interface Router {
  readonly stack?: readonly { readonly handle?: unknown }[]
}

/** The streams that a failing handler leaves open. */
const streams = new WeakMap<NodeResponse, SseStream>()

/**
 * Answers a request with an event stream: `openStream` of `eventwire/node`, with which it shares everything.
 *
 * When the handler fails after that (it throws, rejects in Express 5, or calls `next(error)`), the stream closes with the
 * reason 'error', and the error goes on to where Express reports it. The client is told nothing of it.
 *
 * @throws as of `openStream` of `eventwire/node`.
 */
export function openStream<M extends EventMap<M> = AnyEvents>(
  req: NodeRequest,
  res: NodeResponse,
  options: OpenStreamOptions<M> = {},
): SseStream<M> {
  const stream = openNodeStream<M>(req, res, options)
  const { app } = req as ExpressRequest
  if (app !== undefined && stream.state === 'open') {
    streams.set(res, stream as SseStream)
    watch(app)
  }
  return stream
}

/**
 * Makes the middleware that adds `res.sse(options?)`.
 *
 * @param defaults - options for all streams; those of a call win
 * @throws {TypeError} or {RangeError} when one is wrong.
 */
export function sse(defaults: OpenStreamOptions = {}): Middleware {
  checkDefaults(defaults)
  return (req, res, next) => {
    Object.assign(res, {
      sse: (options: OpenStreamOptions = {}) =>
        openStream(req, res, withDefaults(defaults, options)),
    })
    next()
  }
}

/** Sees to it that our error handler stands behind all that the application has by now. */
function watch(app: Application): void {
  const { stack } = ('_router' in app ? app._router : app.router) ?? {}
  if (stack?.at(-1)?.handle !== closeFailed) app.use(closeFailed)
}

const closeFailed: ErrorHandler = (error, _req, res, next) => {
  streams.get(res)?.destroy(error instanceof Error ? error : new Error(String(error)))
  next(error)
}
