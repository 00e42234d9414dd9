// A context of Koa: the stream is its body, which Koa pipes once all middleware has returned, or the stream itself
// does if that takes too long; and a failing middleware closes it.

import { SseError } from '../errors.js'
import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'
import { isMarkedAnswered, markAnswered } from './answered.js'
import { BodySink } from './body.js'
import { NodeExchange, type NodeRequest } from './node-exchange.js'
import { type NodeResponse, ResponseSink } from './response-sink.js'

/** What a stream needs of a Koa context. */
export interface Context {
  /** The request of Node.js. */
  readonly req: NodeRequest
  /** The response of Node.js. */
  readonly res: NodeResponse
  /** The status; Koa begins with 404. */
  status: number
  /** What is sent. */
  body: unknown
  /** Where that is kept. */
  readonly response: { body: unknown }
  /** Whether something can still be sent. */
  readonly writable: boolean
  /** `false`: Koa sends nothing itself. */
  respond?: boolean | undefined
  /** Hears what middleware throws, and what goes wrong with the body. */
  onerror(error: Error | null | undefined): void
}

/**
 * How long Koa is given to take the body. A handler that waits for its stream (`await stream.sendAll(source)`) would
 * wait for ever, for Koa takes the body after the handler: then the head leaves with the headers set so far.
 */
const PATIENCE_MS = 250

/** The same where it is known that it is the handler that takes its time. */
const SHORT_PATIENCE_MS = 50

/** Whether the handlers of a context are known to be at work, or to have returned. */
const works = new WeakMap<Context, 'running' | 'returned'>()

/** What closes the stream of a context with the error of its handler. */
const failures = new WeakMap<Context, (error: unknown) => void>()

/** Runs the middleware behind one of ours, and sees how it ends, whatever others make of that. */
export async function watched<T>(context: Context, next: () => Promise<T>): Promise<T> {
  works.set(context, 'running')
  try {
    return await next()
  } catch (error) {
    failures.get(context)?.(error)
    throw error
  } finally {
    works.set(context, 'returned')
  }
}

/** The exchange of Koa. */
export class KoaExchange extends NodeExchange {
  readonly #context: Context
  #sink: BodySink | undefined

  constructor(context: Context) {
    super(context.req, context.res)
    this.#context = context
  }

  override get isAnswered(): boolean {
    return super.isAnswered || isMarkedAnswered(this.#context)
  }

  override get status(): number {
    const { status } = this.#context
    return status === 404 ? 200 : status
  }

  override finish(status: number, body: string | undefined): void {
    markAnswered(this.#context)
    this.#context.status = status
    if (this.method !== 'HEAD' && status !== 204) this.#context.body = body
  }

  override begin(status: number, coding: string | undefined): Sink {
    const { res } = this
    markAnswered(this.#context)
    this.#context.status = status
    // What koa-compress looks at: once is enough.
    if (coding !== undefined) Object.assign(this.#context, { compress: false })
    this.#sink = new BodySink(new ResponseSink(res, (this.req as NodeRequest).socket), res, coding)
    return this.#sink
  }

  override opened(stream: SseStream): void {
    const context = this.#context
    const sink = this.#sink as BodySink
    sink.greet = () => void stream.comment()
    sink.onReplaced = () => retype(context)
    context.body = sink.body
    watchBody(context, (answer) => {
      context.response.body = answer
      // Koa 3 does that itself. A stream may be one that reads ours.
      if (!isStream(answer)) sink.body.destroy()
    })
    const begin = () => {
      const isDue = context.body === sink.body && works.get(context) !== 'returned'
      if (isDue) beginBefore(context, stream, sink)
    }
    setTimeout(begin, works.has(context) ? SHORT_PATIENCE_MS : PATIENCE_MS).unref()

    const fail = (thrown: unknown) => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      // An error response of the application's own takes the place of a stream that has not begun.
      if (!sink.fail(error)) stream.destroy(error)
    }
    failures.set(context, fail)
    const { onerror } = context
    context.onerror = (error) => {
      if (error === null || error === undefined || isOfConnection(error, context, stream)) return
      fail(error)
      onerror.call(context, error)
    }
  }
}

/** Has `hear` told of each body that takes the place of the present one. */
function watchBody(context: Context, hear: (answer: unknown) => void): void {
  Object.defineProperty(context, 'body', {
    configurable: true,
    get: () => context.response.body,
    set: hear,
  })
}

const isStream = (body: unknown) => typeof (body as { pipe?: unknown } | null)?.pipe === 'function'

/** Sends the head before Koa does, which from then on is to send nothing else into the stream. */
function beginBefore(context: Context, stream: SseStream, sink: BodySink): void {
  if (!sink.take(context.res)) return
  context.respond = false
  // A middleware that catches the error of the handler and answers it: too late for that.
  watchBody(context, (answer) => {
    stream.destroy(
      new SseError('ERR_SSE_HEAD_SENT', 'The context was given another body', { cause: answer }),
    )
  })
}

/** Has Koa find the type of the body that has taken the place of the stream. */
function retype(context: Context): void {
  const { body, res } = context
  if (res.headersSent || (typeof body !== 'string' && !Buffer.isBuffer(body))) return
  res.removeHeader('content-type')
  context.body = body
}

/** Tells what Koa hears when the connection has broken, be it that a client has left: no failure of the application. */
function isOfConnection(
  error: Error & { code?: unknown },
  { req }: Context,
  { state }: SseStream,
): boolean {
  return (
    error === req.socket?.errored ||
    (state === 'closed' && error.code === 'ERR_STREAM_PREMATURE_CLOSE')
  )
}
