// A request and a reply of Fastify: headers go by the reply, the stream is its payload, and a failing handler closes it.

import { Readable } from 'node:stream'
import { SseError } from '../errors.js'
import { registry } from '../registry.js'
import { type CloseAllOptions, closingBy } from '../shutdown.js'
import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'
import { isMarkedAnswered, markAnswered } from './answered.js'
import { BodySink } from './body.js'
import { NodeExchange, type NodeRequest } from './node-exchange.js'
import { type NodeResponse, ResponseSink } from './response-sink.js'

/** What a stream needs of a Fastify instance. */
export interface Instance {
  /** The server of Node.js, which all contexts of an application share. */
  readonly server: object
}

/** What a stream needs of a Fastify request: whatever its generics, it is one. */
export interface Request {
  /** The request of Node.js. */
  readonly raw: NodeRequest
  /** The Fastify instance that the route belongs to. */
  readonly server: Instance
}

/** What a stream needs of a Fastify reply: whatever its generics, it is one. */
export interface Reply {
  /** The response of Node.js. */
  readonly raw: NodeResponse
  /** The request that it answers. */
  readonly request: Request
  /** Whether it has been sent. */
  readonly sent: boolean
  /** Sets the status. */
  code(status: number): unknown
  /** Sets a header. */
  header(name: string, value: unknown): unknown
  /** Gives a header. */
  getHeader(name: string): unknown
  /** Takes a header back. */
  removeHeader(name: string): unknown
  /** Answers. */
  send(payload?: unknown): unknown
}

/** To which server a stream belongs. */
const servers = new WeakMap<object, object>()

/** Servers that are closing, and what closes the streams that still open on them. */
const closings = new WeakMap<object, ReturnType<typeof closingBy>>()

/** Closes the streams of one server, and those that open on it from now on. */
export async function closeStreamsOf(server: object, options: CloseAllOptions): Promise<void> {
  const closing = closingBy(options)
  closings.set(server, closing)
  await closing.run([...registry.streams].filter((stream) => servers.get(stream) === server))
}

/** The exchange of Fastify. */
export class FastifyExchange extends NodeExchange {
  readonly #reply: Reply
  #sink: BodySink | undefined

  constructor(reply: Reply, request = reply.request) {
    super(request.raw, reply.raw)
    this.#reply = reply
  }

  override get isAnswered(): boolean {
    return super.isAnswered || this.#reply.sent || isMarkedAnswered(this.#reply)
  }

  override header(name: string): unknown {
    return this.#reply.getHeader(name)
  }

  override setHeader(name: string, value: string | number | readonly string[]): void {
    this.#reply.header(name, value)
  }

  override removeHeader(name: string): void {
    if (this.header(name) !== undefined) this.#reply.removeHeader(name)
  }

  override finish(status: number, body: string | undefined): void {
    markAnswered(this.#reply)
    this.#reply.code(status)
    // Of a route for HEAD, Fastify would tell the length of an absent body.
    this.#reply.send(body === undefined ? Readable.from([]) : body || undefined)
  }

  override begin(status: number, coding: string | undefined): Sink {
    markAnswered(this.#reply)
    this.#reply.code(status)
    this.#sink = new BodySink(
      new ResponseSink(this.res, (this.req as NodeRequest).socket),
      this.res,
      coding,
    )
    return this.#sink
  }

  override opened(stream: SseStream): void {
    const reply = this.#reply
    const { server } = reply.request.server
    const sink = this.#sink as BodySink
    servers.set(stream, server)
    closings.get(server)?.end(stream)
    // @fastify/compress leaves event streams alone, unless it is told otherwise: then it would hold them back.
    if ('compress' in reply) reply.request.raw.headers['x-no-compression'] ??= 'event stream'
    sink.greet = () => void stream.comment()
    const { send } = reply
    // Before it is sent: a hook may fail at once.
    closeOnFailure(reply, stream, sink)
    send.call(reply, sink.body)
  }
}

/** What else is sent to the reply is the error of its handler, or takes the place of the stream. */
function closeOnFailure(reply: Reply, stream: SseStream, sink: BodySink): void {
  const { send } = reply
  let answer: ((payload: unknown) => unknown) | undefined
  reply.send = (payload) => {
    if (answer !== undefined) return answer(payload)
    const isError = payload instanceof Error
    // An async handler that returns nothing.
    if (payload === undefined && !isFailing(reply)) return reply
    const error = isError
      ? payload
      : new SseError('ERR_SSE_HEAD_SENT', 'The reply was given another answer', { cause: payload })
    // What is answered before the stream has begun is sent: a hook has failed, say, and the error handler answers.
    const isInTime = sink.fail(error)
    if (!isInTime) stream.destroy(error)
    answer = (next) => (isInTime ? send.call(reply, next) : reply)
    return send.call(reply, isInTime || isError || isFailing(reply) ? payload : error)
  }
}

/** Tells whether what is sent now is what a handler has thrown, be it no Error. Fastify notes that under a symbol of its own. */
function isFailing(reply: Reply): boolean {
  const symbols = Object.getOwnPropertySymbols(reply)
  const note = symbols.find(({ description }) => description === 'fastify.reply.isError')
  return note !== undefined && (reply as unknown as Record<symbol, unknown>)[note] === true
}
