// A request and a response of Node.js: read, and answered, by their own methods.

import {
  type IncomingMessage,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'
import type { Exchange } from './exchange.js'
import { hasLeft, type NodeResponse, ResponseSink } from './response-sink.js'

/** A request of `node:http`, `node:https` or `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/** The exchange of a bare Node server; those of frameworks on Node differ in how they answer. */
export class NodeExchange implements Exchange {
  protected readonly req: NodeRequest | undefined
  protected readonly res: NodeResponse

  #sink: ResponseSink | undefined

  /** @param req - not needed by answers that do not depend on the request */
  constructor(req: NodeRequest | undefined, res: NodeResponse) {
    this.req = req
    this.res = res
  }

  get method(): string | undefined {
    return this.req?.method
  }

  get url(): string {
    return this.req?.url ?? ''
  }

  requestHeader(name: string): string | undefined {
    return this.req?.headers[name] as string | undefined
  }

  get hasLeft(): boolean {
    return hasLeft(this.res, this.req?.socket)
  }

  get isAnswered(): boolean {
    return this.res.headersSent || this.res.writableEnded
  }

  get hasNoConnection(): boolean {
    return 'stream' in this.res
  }

  get status(): number {
    return this.res.statusCode
  }

  checkHeader(name: string, value: string): void {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }

  header(name: string): unknown {
    return this.res.getHeader(name)
  }

  setHeader(name: string, value: string | number | readonly string[]): void {
    // A cookie that was set before, such as a session's, is not to be lost.
    const before = name.toLowerCase() === 'set-cookie' ? this.res.getHeader(name) : undefined
    this.res.setHeader(name, (before === undefined ? value : [before, value].flat()) as string)
  }

  removeHeader(name: string): void {
    // Never unasked: to Node, removing a framing header means to do without that framing.
    if (this.res.hasHeader(name)) this.res.removeHeader(name)
  }

  finish(status: number, body: string | undefined): void {
    this.res.statusCode = status
    // Two overloads, one for each protocol: this suits both.
    ;(this.res as ServerResponse).end(body)
  }

  begin(status: number, coding: string | undefined): Sink {
    if (coding !== undefined) this.res.setHeader('content-encoding', coding)
    this.res.statusCode = status
    this.#sink = new ResponseSink(this.res, (this.req as NodeRequest).socket)
    return this.#sink
  }

  opened(stream: SseStream): void {
    if (stream.state !== 'closed') this.#sink?.flushHead()
  }
}
