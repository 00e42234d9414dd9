// A web ReadableStream as a sink: the reader's pull is the room, its cancel is the client leaving.

import { onAbort } from '../abort.js'
import type { SharedChunk } from '../chunk.js'
import type { Sink, SinkEnd, SinkListener } from '../sink.js'
import { nextTurn } from '../turn.js'
import { encodeText } from '../utf8.js'

/** The body of a Response, written to by a stream. */
export class ReadableSink implements Sink {
  /** What the runtime reads, a chunk at a time and no further ahead. */
  readonly readable: ReadableStream<Uint8Array>
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #listener: SinkListener | undefined
  readonly #signal: AbortSignal | undefined
  #stopWatching: (() => void) | undefined
  #queuedBytes = 0
  #isEndDue = false

  /** @param signal - of the request: some runtimes tell by it that the client has left */
  constructor(signal?: AbortSignal | undefined) {
    this.#signal = signal
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#onPull(),
        cancel: () => this.#close({ reason: 'client' }),
      },
      // Nothing is asked for ahead of a reader: what waits is held by the stream, within its bound.
      { highWaterMark: 0 },
    )
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
    this.#controller?.error(new DOMException('The stream was cut', 'AbortError'))
    this.#close({ reason: 'ended' })
  }

  attach(listener: SinkListener): void {
    this.#listener = listener
    if (this.#signal) {
      this.#stopWatching = onAbort(this.#signal, () => {
        this.#close({ reason: 'client' })
        // For readers that do not cancel it. Servers do, right after this, and print an error that comes before.
        nextTurn(() => this.#controller?.error(this.#signal?.reason))
      })
    }
  }

  #enqueue(bytes: Uint8Array): boolean {
    const controller = this.#controller as ReadableStreamDefaultController<Uint8Array>
    controller.enqueue(bytes)
    // Zero: a reader that waited has got it.
    if ((controller.desiredSize as number) >= 0) return true
    this.#queuedBytes += bytes.length
    return false
  }

  /** A reader waits, and has got all that there was. */
  #onPull(): void {
    const wasFull = this.#queuedBytes > 0
    this.#queuedBytes = 0
    if (this.#isEndDue) this.#endNow()
    else if (wasFull) this.#listener?.onDrain()
  }

  #endNow(): void {
    this.#controller?.close()
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
