// A connection in memory, with a client that a test tells to read, to stall or to leave.

import type { Sink, SinkListener } from './sink.js'
import { encodeText } from './utf8.js'

/** Takes what a stream writes as a socket does: what the client does not read stays in it, up to no bound of its own. */
export class TestConnection implements Sink {
  /** What the client has received. */
  received = ''
  /** What lies in the socket. */
  bufferedBytes = 0
  /** Hears that the client has read what it was sent. */
  onRead: (() => void) | undefined
  #lying: Uint8Array[] = []
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #listener: SinkListener | undefined
  #isStalled = false
  #isEnded = false
  /** Closed, from whichever side. */
  #isOver = false

  attach(listener: SinkListener): void {
    this.#listener = listener
    // Whoever watches streams open may have ended it before.
    if (this.#isOver) listener.onClose({ reason: 'ended' })
  }

  write(chunk: string | Uint8Array): boolean {
    // A copy, and as bytes: whatever text becomes on its way, it becomes here.
    const bytes = typeof chunk === 'string' ? encodeText(chunk) : chunk.slice()
    this.#lying.push(bytes)
    this.bufferedBytes += bytes.length
    if (!this.#isStalled) this.#read()
    return !this.#isStalled
  }

  end(): void {
    this.#isEnded = true
    if (!this.#isStalled) this.#close('ended')
  }

  destroy(): void {
    this.#isOver = true
  }

  stall(): void {
    this.#isStalled = true
  }

  resume(): void {
    if (!this.#isStalled || this.#isOver) return
    this.#isStalled = false
    this.#read()
    if (this.#isEnded) this.#close('ended')
    else this.#listener?.onDrain()
  }

  disconnect(): void {
    if (!this.#isOver) this.#close('client')
  }

  #read(): void {
    for (const bytes of this.#lying.splice(0)) {
      this.received += this.#decoder.decode(bytes, { stream: true })
    }
    this.bufferedBytes = 0
    this.onRead?.()
  }

  #close(reason: 'ended' | 'client'): void {
    this.#isOver = true
    this.#listener?.onClose({ reason })
  }
}
