// Time that passes when the test says so.

import type { ClientClock } from '../../src/client.js'

interface Timer {
  readonly dueMs: number
  readonly listener: () => void
}

export class FakeClock implements ClientClock {
  nowMs = 1_700_000_000_000
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.nowMs
  }

  setTimeout(listener: () => void, delayMs: number): Timer {
    const timer = { dueMs: this.nowMs + delayMs, listener }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  /** How long each timer still has to wait. */
  get waitsMs(): number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.nowMs).sort((a, b) => a - b)
  }

  /** Lets time pass, and calls what falls due. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const [first] = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)
      if (first === undefined || first.dueMs > untilMs) break
      this.nowMs = first.dueMs
      this.#timers.delete(first)
      first.listener()
    }
    this.nowMs = untilMs
  }
}
