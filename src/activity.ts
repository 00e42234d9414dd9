// What a connection tells of what happens to it.

import type { AttemptDelivery } from './delivery-request.js'
import type { ResponseLike } from './event-response.js'
import type { RawEvent } from './parse-options.js'

/** One thing that happened to a connection. They are told in the order in which they happen. */
export type SseActivity =
  | AttemptActivity
  | OpenActivity
  | EventActivity
  | CommentActivity
  | RetryActivity
  | CloseActivity

/** An attempt to connect begins. */
export interface AttemptActivity {
  /** Tells it from the others. */
  readonly type: 'attempt'
  /** Which attempt it is: 1 for the first. */
  readonly number: number
  /** The id to resume from; `''` to start fresh. */
  readonly lastEventId: string
  /**
   * Whether no header can carry that id, because of a control character or of white space at an end: it is left out, and
   * the server starts fresh unless `request` carries the id in another way.
   */
  readonly isIdLeftOut: boolean
  /** What it asks for: `'stream'` unless the option `delivery` says otherwise, or `'auto'` has found out that nothing streams. */
  readonly delivery: AttemptDelivery
}

/** The server has answered with an event stream. */
export interface OpenActivity {
  /** Tells it from the others. */
  readonly type: 'open'
  /** Where the answer came from: the last URL of all redirects. */
  readonly url: string
  /** The headers of the answer. */
  readonly headers: ResponseLike['headers']
}

/** An event has come; the contract has its say only then. */
export interface EventActivity {
  /** Tells it from the others. */
  readonly type: 'event'
  /** The event as it came. */
  readonly event: Readonly<RawEvent>
}

/** A comment has come, such as a heartbeat. */
export interface CommentActivity {
  /** Tells it from the others. */
  readonly type: 'comment'
  /** The comment, less one leading space. */
  readonly comment: string
}

/** A connection or an attempt has ended, and the wait for the next attempt begins. */
export interface RetryActivity {
  /** Tells it from the others. */
  readonly type: 'retry'
  /** How long it waits, in milliseconds. */
  readonly delayMs: number
  /** Why; absent if the server has ended its response in good order. With `ERR_SSE_TIMEOUT` and no wait, long polls are asked for next. */
  readonly error: Error | undefined
}

/** The end: nothing more happens. */
export interface CloseActivity {
  /** Tells it from the others. */
  readonly type: 'close'
  /** What the iteration fails with; absent where it ends in good order. */
  readonly error: unknown
}
