// Where the command line writes: no faster than somebody reads, and no longer.

import type { Writable } from 'node:stream'

/** A stream to write to; once nobody reads it, it takes everything and does nothing. */
export class Output {
  readonly #stream: Writable
  /** Aborts when nobody reads any more. */
  readonly #gone = new AbortController()
  /** What waits for what was written to be taken. */
  readonly #waiting = new Set<() => void>()

  /** @param stop - what ends all waits: a reader may pause for good, as a pager does */
  constructor(stream: Writable, stop: AbortSignal) {
    this.#stream = stream
    // `| head -1` is no failure.
    stream.on('error', (error) => this.#gone.abort(error))
    stop.addEventListener('abort', () => {
      for (const resolve of this.#waiting) resolve()
    })
  }

  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Whether what was written waits to be read. */
  get isBehind(): boolean {
    return this.#stream.writableNeedDrain
  }

  /** Writes, and settles when it has been taken, or nobody waits for that any more. */
  write(text: string): Promise<void> {
    if (this.gone.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      this.#stream.write(text, () => {
        this.#waiting.delete(resolve)
        resolve()
      })
    })
  }
}
