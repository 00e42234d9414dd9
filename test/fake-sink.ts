// A connection that does what a test says: takes everything, is slow, leaves, fails.

import type { Sink, SinkListener } from '../src/sink.js'

const decoder = new TextDecoder()

export class FakeSink implements Sink {
  /** What was written, chunk by chunk. */
  readonly written: string[] = []
  /** While it is slow, it answers `false` and keeps what it is given. */
  isSlow = false
  bufferedBytes = 0
  isEnded = false
  isDestroyed = false
  #stream: SinkListener | undefined

  get text(): string {
    return this.written.join('')
  }

  write(chunk: string | Uint8Array): boolean {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    this.written.push(text)
    if (this.isSlow) this.bufferedBytes += Buffer.byteLength(chunk)
    return !this.isSlow
  }

  end(): void {
    this.isEnded = true
    if (!this.isSlow) this.#stream?.onClose({ reason: 'ended' })
  }

  destroy(): void {
    this.isDestroyed = true
  }

  attach(listener: SinkListener): void {
    this.#stream = listener
  }

  /** The client reads again, all that it was sent. */
  drain(): void {
    this.isSlow = false
    this.take()
  }

  /** The client takes what it was sent, and is as slow as before for what comes next. */
  take(): void {
    this.bufferedBytes = 0
    if (this.isEnded) this.#stream?.onClose({ reason: 'ended' })
    else this.#stream?.onDrain()
  }

  leave(): void {
    this.#stream?.onClose({ reason: 'client' })
  }

  fail(error: Error): void {
    this.#stream?.onClose({ reason: 'error', error })
  }
}

/** Lets what was sent in this synchronous run leave. */
export const tick = (): Promise<void> => Promise.resolve()

/** Lets the event loop come round: a client that has not taken its bytes by then is slow. */
export async function turn(): Promise<void> {
  // The turn that is counted may begin only after the first, and is over at the second count.
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
