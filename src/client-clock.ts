// What a client takes its time from.

/** Time and timers: the platform's own, unless a test brings others. */
export interface ClientClock {
  /** Gives the time in milliseconds since 1970. */
  now(): number
  /** Calls `listener` once, after so many milliseconds. */
  setTimeout(listener: () => void, delayMs: number): unknown
  /** Takes back a timer. */
  clearTimeout(timer: unknown): void
}

/** The platform's, looked up at each call: browsers refuse to have their timers called as methods of other objects. */
export const PLATFORM_CLOCK: ClientClock = {
  now: () => Date.now(),
  setTimeout: (listener, delayMs) => setTimeout(listener, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
}
