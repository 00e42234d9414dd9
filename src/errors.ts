// What goes wrong at run time, with codes that callers may branch on.

import type { SchemaIssue } from './standard-schema.js'

/**
 * What went wrong, for code to branch on. Every code has a heading in docs/errors.md.
 *
 * Adding a code is a minor change; removing or renaming one is a major change.
 */
export type SseErrorCode =
  | 'ERR_SSE_CLOSED'
  | 'ERR_SSE_CONNECTION'
  | 'ERR_SSE_FILTER'
  | 'ERR_SSE_GAVE_UP'
  | 'ERR_SSE_HEAD_SENT'
  | 'ERR_SSE_INVALID'
  | 'ERR_SSE_LOG'
  | 'ERR_SSE_RESPONSE'
  | 'ERR_SSE_SNAPSHOT'
  | 'ERR_SSE_TIMEOUT'
  | 'ERR_SSE_TOO_LARGE'
  | 'ERR_SSE_UNKNOWN_EVENT'

/** What an error tells besides its message; which of it is there depends on the code. */
export interface SseErrorDetails {
  /** The status of the response that was refused. */
  readonly status?: number | undefined
  /** The name of the event that it is about. */
  readonly event?: string | undefined
  /** The id of that event, as a browser would tell it: its own, or that of the last one that had one. */
  readonly id?: string | undefined
  /** The event's data as it came, or the body of the response: no more than its first 1,024 characters. */
  readonly data?: string | undefined
  /** What the validator found wrong with the data. */
  readonly issues?: readonly SchemaIssue[] | undefined
}

const MAX_EXCERPT = 1_024

// A registered symbol: a process may load the package as ES modules and as CommonJS, and so have the class twice.
const isSseError = Symbol.for('eventwire.error')

/**
 * A failure at run time.
 *
 * Misuse throws `TypeError` or `RangeError` instead, at the call that misuses. A client that left is
 * no error at all: the stream's `closed` tells.
 */
export class SseError extends Error implements SseErrorDetails {
  /** Knows the errors of the package's other module format, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a class that an application derives knows its own instances alone.
    return this === SseError ? isSseError in Object(value) : super[Symbol.hasInstance](value)
  }

  /** Always `'SseError'`. */
  override readonly name = 'SseError'

  /** Stable identifier. Compare this, never the message. */
  readonly code: SseErrorCode

  /** The status of the response that was refused. */
  declare readonly status?: number | undefined
  /** The name of the event that it is about. */
  declare readonly event?: string | undefined
  /** The id of that event: its own, or that of the last one that had one. */
  declare readonly id?: string | undefined
  /** The event's data as it came, or the body of the response: no more than its first 1,024 characters. */
  declare readonly data?: string | undefined
  /** What the validator found wrong with the data. */
  declare readonly issues?: readonly SchemaIssue[] | undefined

  /**
   * Makes an error; the package does, applications need not.
   *
   * @param code - stable identifier, a heading in docs/errors.md
   * @param message - for people; may change in any release
   * @param options - `cause`: the error underneath, if there is one; and the details that the code has
   */
  constructor(
    code: SseErrorCode,
    message: string,
    { cause, ...details }: ErrorOptions & SseErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    // Not a member with that name: a bundler would have to keep the class for whoever does not use it.
    Object.defineProperty(this, isSseError, { value: true })
    // What a stranger has sent may be long, and errors are logged.
    Object.assign(this, details, details.data && { data: details.data.slice(0, MAX_EXCERPT) })
  }
}
