// The port through which a request is answered: what a server or a framework has of both.

import type { ContentCoding } from '../http.js'
import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'

/** One request and the response to it, as a server or a framework has them. Each adapter supplies one. */
export interface Exchange {
  readonly method: string | undefined
  /** With the query. */
  readonly url: string
  /** Gives a header of the request, with one character a byte. */
  requestHeader(name: string): string | undefined
  /** Whether the client is known to have left. */
  readonly hasLeft: boolean
  /** Whether something else has answered. */
  readonly isAnswered: boolean
  /** Whether the protocol forbids the headers of a connection. */
  readonly hasNoConnection: boolean
  /** The status that is set on the response. */
  readonly status: number
  /** Throws a `TypeError` where the header cannot be sent. */
  checkHeader(name: string, value: string): void
  header(name: string): unknown
  setHeader(name: string, value: string | number | readonly string[]): void
  removeHeader(name: string): void
  /** Answers in full, with the headers set so far; without a body to a HEAD request. */
  finish(status: number, body: string | undefined): void
  /**
   * Begins a response whose body is what the sink is given.
   *
   * @param coding - its `content-encoding`, to be set when it is sure that no other body takes its place
   */
  begin(status: number, coding: ContentCoding | undefined): Sink
  /** The stream is there: the head may leave. */
  opened(stream: SseStream): void
}
