// What goes wrong at run time, with codes that callers may branch on.

/**
 * What went wrong, for code to branch on. Every code has a heading in docs/errors.md.
 *
 * Adding a code is a minor change; removing or renaming one is a major change.
 */
export type SseErrorCode =
  | 'ERR_SSE_CLOSED'
  | 'ERR_SSE_FILTER'
  | 'ERR_SSE_HEAD_SENT'
  | 'ERR_SSE_LOG'
  | 'ERR_SSE_SNAPSHOT'

/**
 * A failure at run time.
 *
 * Misuse throws `TypeError` or `RangeError` instead, at the call that misuses. A client that left is
 * no error at all: the stream's `closed` tells.
 */
export class SseError extends Error {
  /** Always `'SseError'`. */
  override readonly name = 'SseError'

  /** Stable identifier. Compare this, never the message. */
  readonly code: SseErrorCode

  /**
   * Makes an error; the package does, applications need not.
   *
   * @param code - stable identifier, a heading in docs/errors.md
   * @param message - for people; may change in any release
   * @param options - `cause`: the error underneath, if there is one
   */
  constructor(code: SseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
