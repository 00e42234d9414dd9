// Where the command line writes: no faster than somebody reads, and no longer.

import type { Writable } from 'node:stream'

/** A stream to write to; once nobody reads it, it takes everything and does nothing. */
export class Output {
  readonly #stream: Writable
  /** Aborts when nobody reads any more. */
  readonly #gone = new AbortController()

  constructor(stream: Writable) {
    this.#stream = stream
    // `| head -1` is no failure.
    stream.on('error', (error) => this.#gone.abort(error))
  }

  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Writes, and settles when it has been taken, or never will be. */
  write(text: string): Promise<void> {
    if (this.gone.aborted) return Promise.resolve()
    return new Promise((resolve) => this.#stream.write(text, () => resolve()))
  }
}
