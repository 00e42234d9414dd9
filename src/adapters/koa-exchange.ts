// A context of Koa: the stream is its body, which Koa pipes once all middleware has returned, or the stream itself
// does if that takes too long; and a failing middleware closes it.

import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'
import { BodySink, StreamBody } from './body.js'
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
  /** Whether something can still be sent. */
  readonly writable: boolean
  /** Hears what middleware throws, and what goes wrong with the body. */
  onerror(error: Error | null | undefined): void
}

/**
 * How long Koa is given to take the body. A handler that waits for its stream (`await stream.sendAll(source)`) would
 * wait for ever, for Koa takes the body after the handler: then the head leaves with the headers set so far.
 */
const PATIENCE_MS = 100

/** The exchange of Koa. */
export class KoaExchange extends NodeExchange {
  readonly #context: Context
  #sink: BodySink | undefined

  constructor(context: Context) {
    super(context.req, context.res)
    this.#context = context
  }

  override get isAnswered(): boolean {
    return super.isAnswered || this.#context.body instanceof StreamBody
  }

  override get status(): number {
    const { status } = this.#context
    return status === 404 ? 200 : status
  }

  override finish(status: number, body: string | undefined): void {
    this.#context.status = status
    if (this.method !== 'HEAD' && status !== 204) this.#context.body = body
  }

  override begin(status: number): Sink {
    const { res } = this
    this.#context.status = status
    this.#sink = new BodySink(new ResponseSink(res, (this.req as NodeRequest).socket), res)
    return this.#sink
  }

  override opened(stream: SseStream): void {
    const context = this.#context
    const sink = this.#sink as BodySink
    sink.greet = () => void stream.comment()
    context.body = sink.body
    setTimeout(() => {
      if (context.body === sink.body) sink.take(this.res)
    }, PATIENCE_MS).unref()
    const { onerror } = context
    context.onerror = (error) => {
      if (error === null || error === undefined || isOfConnection(error, context)) return
      // An error response of the application's own takes the place of a stream that has not begun.
      if (!sink.fail(error)) stream.destroy(error)
      onerror.call(context, error)
    }
  }
}

/** Tells what Koa hears when the connection has broken, be it that a client has left: no failure of the application. */
function isOfConnection(error: Error & { code?: unknown }, { req }: Context): boolean {
  return error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error === req.socket?.errored
}
