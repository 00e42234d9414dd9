// When the next attempt is made, and when there is none.

import type { ClientClock } from './client-clock.js'
import { SseError } from './errors.js'
import { MAX_DELAY_MS } from './misuse.js'

/** How a connection comes back, checked and complete. */
export interface BackoffOptions {
  readonly baseMs: number
  readonly maxMs: number
  readonly maxAttempts: number
  readonly maxTotalMs: number
}

/** Counts failures in a row. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #clock: ClientClock
  readonly #random: () => number
  #failures = 0
  /** When the first attempt since all was well began, or the connection before it ended. */
  #troubledSinceMs: number | undefined
  #openedAtMs = 0

  constructor(options: BackoffOptions, clock: ClientClock, random: () => number) {
    this.#options = options
    this.#clock = clock
    this.#random = random
  }

  /** Hears that an attempt begins. Gives for how long it may go unanswered, in milliseconds. */
  attempt(): number {
    const now = this.#clock.now()
    this.#troubledSinceMs ??= now
    return Math.max(1, this.#troubledSinceMs + this.#options.maxTotalMs - now)
  }

  /** Hears of an open connection. That is no success yet: a server that accepts and dies would be flooded. */
  open(): void {
    this.#openedAtMs = this.#clock.now()
  }

  /** Hears of an event: all is well. */
  reset(): void {
    this.#failures = 0
    this.#troubledSinceMs = undefined
  }

  /** Hears that the connection is, or was until now, alive: all is well if it has been for as long as the longest wait. */
  live(): void {
    if (this.#clock.now() - this.#openedAtMs >= this.#options.maxMs) this.reset()
  }

  /**
   * Gives how long to wait, in milliseconds, after a failure.
   *
   * @param retryMs - the reconnection time that the server has set
   * @param retryAfterMs - what the refused response asks for; 0 if nothing
   * @throws {SseError} `ERR_SSE_GAVE_UP` when that was the last attempt.
   */
  delayMs(retryMs: number | undefined, retryAfterMs: number, cause: unknown): number {
    const { maxAttempts, maxTotalMs } = this.#options
    const failures = ++this.#failures
    const now = this.#clock.now()
    this.#troubledSinceMs ??= now
    const delayMs = this.#waitMs(failures, retryMs, retryAfterMs)
    if (failures < maxAttempts && now + delayMs - this.#troubledSinceMs < maxTotalMs) return delayMs
    throw new SseError('ERR_SSE_GAVE_UP', `Gave up after ${failures} failed attempts`, { cause })
  }

  /** Gives how long to wait, in milliseconds, after a batch, which is a success. */
  betweenBatchesMs(retryMs: number | undefined): number {
    this.reset()
    return this.#waitMs(1, retryMs, 0)
  }

  #waitMs(failures: number, retryMs: number | undefined, retryAfterMs: number): number {
    const { baseMs, maxMs } = this.#options
    // What a server asks for is not undercut, but for more than the client is ready to wait. 0 would not grow.
    const askedMs = Math.max(retryAfterMs, Math.min(retryMs ?? 0, maxMs))
    const firstMs = retryMs === undefined ? Math.max(baseMs, askedMs) : Math.max(1, askedMs)
    const floorMs = firstMs > askedMs ? 0 : firstMs
    const fullMs = Math.min(maxMs, firstMs * 2 ** (failures - 1))
    const lowMs = Math.max(floorMs, fullMs / 2)
    const highMs = Math.max(floorMs * 1.5, fullMs)
    return Math.min(Math.round(lowMs + this.#random() * (highMs - lowMs)), MAX_DELAY_MS)
  }
}
