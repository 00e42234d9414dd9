// A sink that compresses by brotli, for clients that do not take gzip.

import type { Sink, SinkEnd, SinkListener } from '../sink.js'
import type { Zlib } from './zlib.js'

/**
 * Qualities above hold 300 KiB a stream whatever the window; this one less than 50. It looks back no further than
 * one write: small events stay as they are, larger ones shrink.
 */
const QUALITY = 1

const WINDOW_BITS = 12

/** Its thread takes its time: what waits for that is no fault of the client's, up to this. */
const ROOM_BYTES = 8_388_608

/** A brotli stream on another sink. */
export class BrotliSink implements Sink, SinkListener {
  readonly #sink: Sink
  readonly #brotli: ReturnType<Zlib['createBrotliCompress']>
  #listener: SinkListener | undefined
  /** The connection has enough. */
  #isBlocked = false

  constructor(sink: Sink, { constants, createBrotliCompress }: Zlib) {
    this.#sink = sink
    this.#brotli = createBrotliCompress({
      // Each costs a round by the thread.
      chunkSize: 8_192,
      // Each write.
      flush: constants.BROTLI_OPERATION_FLUSH,
      params: {
        [constants.BROTLI_PARAM_QUALITY]: QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      },
    })
  }

  get bufferedBytes(): number {
    const { writableLength, readableLength } = this.#brotli
    return writableLength + readableLength + this.#sink.bufferedBytes
  }

  write(chunk: string | Uint8Array): boolean {
    this.#brotli.write(chunk)
    return !this.#isBlocked && this.#brotli.writableLength < ROOM_BYTES
  }

  end(isLast: boolean): void {
    this.#brotli.once('end', () => this.#sink.end(isLast))
    this.#brotli.end()
  }

  destroy(isLast: boolean): void {
    this.#sink.destroy(isLast)
  }

  attach(listener: SinkListener): void {
    this.#listener = listener
    this.#sink.attach(this)
    this.#brotli.on('drain', () => {
      if (!this.#isBlocked) listener.onDrain()
    })
    this.#brotli.on('error', (error) => this.onClose({ reason: 'error', error }))
    this.#brotli.on('data', (output: Uint8Array) => {
      if (this.#sink.write(output)) return
      this.#isBlocked = true
      this.#brotli.pause()
    })
  }

  onDrain(): void {
    this.#isBlocked = false
    this.#brotli.resume()
    // It says so itself if it has had more than it could take.
    if (!this.#brotli.writableNeedDrain) this.#listener?.onDrain()
  }

  onClose(end: SinkEnd): void {
    const listener = this.#listener
    this.#listener = undefined
    this.#brotli.destroy()
    listener?.onClose(end)
  }
}
