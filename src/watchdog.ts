// What a connection waits for, and for how long: bytes, and an event among them.

import type { ClientClock } from './client-clock.js'
import { SseError } from './errors.js'
import { MAX_DELAY_MS } from './misuse.js'

/** Cuts waits short that take too long. Nobody is cut while nobody waits: a slow consumer is no fault of the server. */
export class Watchdog {
  readonly #clock: ClientClock
  readonly #eventMs: number
  #idleTimer: unknown
  #eventTimer: unknown
  /** The wait that is on: whoever was cut short is not heard any more. */
  #cut: ((error: SseError) => void) | undefined

  constructor(clock: ClientClock, eventMs: number | false) {
    this.#clock = clock
    this.#eventMs = eventMs || Number.POSITIVE_INFINITY
  }

  /**
   * Waits for something from the server. One call at a time.
   *
   * @param idleMs - for how long
   * @param withinMs - for how long at most, whatever silence is allowed
   * @returns a promise that rejects with `ERR_SSE_TIMEOUT` when it takes too long, and never settles once stopped.
   */
  watch<T>(
    promise: Promise<T>,
    idleMs: number | false,
    withinMs = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle =
        <V>(pass: (value: V) => void) =>
        (value: V) => {
          if (this.#cut !== cut) return
          this.#rest()
          pass(value)
        }
      const cut = settle(reject)
      this.#cut = cut
      this.#idleTimer = this.#start(Math.min(idleMs || withinMs, withinMs), 'byte')
      promise.then(settle(resolve), cut)
    })
  }

  /** From now on an event is due, if it was not already. */
  expectEvent(): void {
    this.#eventTimer ??= this.#start(this.#eventMs, 'event')
  }

  /** An event has come, or none can come. */
  relax(): void {
    if (this.#eventTimer === undefined) return
    this.#clock.clearTimeout(this.#eventTimer)
    this.#eventTimer = undefined
  }

  /** Ends the wait that is on, if one is: it never settles. */
  stop(): void {
    this.#rest()
    this.relax()
  }

  #rest(): void {
    this.#cut = undefined
    this.#clock.clearTimeout(this.#idleTimer)
  }

  #start(delayMs: number, what: string): unknown {
    // A timer would fire at once.
    if (delayMs > MAX_DELAY_MS) return undefined
    return this.#clock.setTimeout(
      () => this.#cut?.(new SseError('ERR_SSE_TIMEOUT', `No ${what} came for ${delayMs} ms`)),
      delayMs,
    )
  }
}
