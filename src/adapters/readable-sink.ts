// A web ReadableStream as a sink: the reader's pull is the room, its cancel is the client leaving.

import { onAbort } from '../abort.js'
import type { SharedChunk } from '../chunk.js'
import type { Sink, SinkEnd, SinkListener } from '../sink.js'
import { nextTurn } from '../turn.js'
import { encodeText } from '../utf8.js'
import { DirectReadable, type ReadableListener } from './direct-readable.js'

/** The body of a Response, written to by a stream. */
export class ReadableSink implements Sink, ReadableListener {
  /** What the runtime reads, a chunk at a time and no further ahead. */
  readonly readable = new DirectReadable(this)
  #listener: SinkListener | undefined
  readonly #signal: AbortSignal | undefined
  #stopWatching: (() => void) | undefined
  #queuedBytes = 0
  #isEndDue = false

  /** @param signal - of the request: some runtimes tell by it that the client has left */
  constructor(signal?: AbortSignal | undefined) {
    this.#signal = signal
  }

  get bufferedBytes(): number {
    return this.#queuedBytes
  }

  write(chunk: string | Uint8Array): boolean {
    return this.#enqueue(typeof chunk === 'string' ? encodeText(chunk) : chunk)
  }

  writeShared(chunk: SharedChunk): boolean {
    return this.#enqueue(chunk.encoded)
  }

  end(_isLast: boolean): void {
    this.#isEndDue = true
    // A close would be heard by nobody while the last chunk waits to be read.
    if (this.#queuedBytes === 0) this.#endNow()
  }

  destroy(_isLast: boolean): void {
    // Some servers send the message to the client.
    this.readable.error(new DOMException('The stream was cut', 'AbortError'))
    this.#close({ reason: 'ended' })
  }

  attach(listener: SinkListener): void {
    this.#listener = listener
    if (this.#signal) {
      this.#stopWatching = onAbort(this.#signal, () => {
        this.#close({ reason: 'client' })
        // For readers that do not cancel it. Servers do, right after this, and print an error that comes before.
        nextTurn(() => this.readable.error(this.#signal?.reason))
      })
    }
  }

  onPull(): void {
    const wasFull = this.#queuedBytes > 0
    this.#queuedBytes = 0
    if (this.#isEndDue) this.#endNow()
    else if (wasFull) this.#listener?.onDrain()
  }

  onCancel(): void {
    this.#close({ reason: 'client' })
  }

  #enqueue(bytes: Uint8Array): boolean {
    if (this.readable.enqueue(bytes)) return true
    this.#queuedBytes += bytes.length
    return false
  }

  #endNow(): void {
    this.readable.close()
    // Not from within the stream's own call.
    queueMicrotask(() => this.#close({ reason: 'ended' }))
  }

  #close(end: SinkEnd): void {
    const listener = this.#listener
    this.#listener = undefined
    this.#stopWatching?.()
    listener?.onClose(end)
  }
}
