// How many streams one key may have open: a user, a token, an address.

import type { SseStream } from 'eventwire'

export class ConnectionCap {
  readonly #max: number
  /** Only keys with open streams: addresses that come once leave nothing behind. */
  readonly #open = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many keys have open streams. */
  get size(): number {
    return this.#open.size
  }

  hasRoom(key: string): boolean {
    return (this.#open.get(key) ?? 0) < this.#max
  }

  /** Counts a stream until it has closed: one that was refused, or whose client had left, has at once. */
  count(key: string, stream: Pick<SseStream, 'closed'>): void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
    stream.closed.then(() => {
      const left = (this.#open.get(key) ?? 0) - 1
      if (left > 0) this.#open.set(key, left)
      else this.#open.delete(key)
    })
  }
}
