// The port through which a stream writes, and a Node writable as one.

import { wrongType } from './misuse.js'

/** How a connection ended, in the sink's eyes. */
export interface SinkEnd {
  /**
   * `'ended'`: the application ended it in good order; `'client'`: the other side went;
   * `'error'`: the sink failed; `'refused'`: the adapter has answered without opening a stream.
   */
  reason: 'ended' | 'client' | 'error' | 'refused'
  /** What failed, where something did. */
  error?: Error
}

/**
 * What a stream needs of one open connection. An adapter for another runtime supplies one.
 *
 * No method may throw once the connection is gone; a stream calls none after `onClose` has reported.
 */
export interface Sink {
  /**
   * Hands a chunk to the connection, which MUST take it whole and in order.
   *
   * MUST return `false` when the connection has enough for now; the stream then waits for `onDrain`.
   * MUST NOT answer that with an earlier or a later chunk's state.
   */
  write(chunk: string | Uint8Array): boolean
  /** Ends the connection in good order, after what was written. */
  end(): void
  /** Cuts the connection, and drops what was written but not yet sent. */
  destroy(): void
  /** Bytes written that the client has not taken, as far as the connection knows. */
  readonly bufferedBytes: number
  /** Registers the stream's listener: MUST be called each time there is room again after a `false`. */
  onDrain(listener: () => void): void
  /**
   * Registers the stream's listener for the end, however it comes: MUST be called exactly once, and
   * at once if the connection is already gone.
   */
  onClose(listener: (end: SinkEnd) => void): void
}

/** What tells of its end by 'close'. */
export type Lifeline = Pick<WritableLike, 'on' | 'removeListener'>

/** The part of a Node.js `Writable` that a stream uses; `ServerResponse` and its HTTP/2 twin have it. */
export interface WritableLike {
  /** Takes a chunk; `false` when it has enough for now. */
  write(chunk: string | Uint8Array): boolean
  /** Ends it after what was written. */
  end(): unknown
  /** Ends it now. */
  destroy(): unknown
  /** Listens to 'drain', 'close', 'finish' and 'error'. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever an event carries.
  on(event: string, listener: (...args: any[]) => void): unknown
  /** Takes a listener back. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever an event carries.
  removeListener(event: string, listener: (...args: any[]) => void): unknown
  /** Bytes that it holds. */
  readonly writableLength: number
  /** Whether `end` was called. */
  readonly writableEnded: boolean
  /** Whether all has left after that. */
  readonly writableFinished: boolean
  /** Whether it was cut. */
  readonly destroyed?: boolean
  /** Whether it has told so by 'close'. */
  readonly closed?: boolean
  /** What it failed with. */
  readonly errored?: Error | null
  /** What compressing writables have: sends on what they hold back. */
  // biome-ignore lint/suspicious/noExplicitAny: each has its own arguments.
  flush?(...args: any[]): unknown
}

/**
 * Gives the port for `target`: itself if it is one, else the Node writable behind one.
 *
 * @throws {TypeError} when it is neither.
 */
export function toSink(target: WritableLike | Sink): Sink {
  if (typeof target?.write !== 'function')
    throw wrongType('the sink', 'a Writable or a Sink', target)
  return 'onDrain' in target ? target : new WritableSink(target)
}

/** A connection that has ended before a stream could open on it. */
export function endedSink(reason: SinkEnd['reason']): Sink {
  return {
    write: () => false,
    end: () => {},
    destroy: () => {},
    bufferedBytes: 0,
    onDrain: () => {},
    onClose: (listener) => listener({ reason }),
  }
}

/** Errors by which Node says that the other side has gone. */
const DISCONNECTS: readonly unknown[] = [
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
]

const Z_SYNC_FLUSH = 2

/** A Node writable as a sink. */
export class WritableSink implements Sink {
  readonly #writable: WritableLike
  readonly #lifeline: Lifeline | undefined
  #onDrain: (() => void) | undefined

  /** @param lifeline - something else whose 'close' means that the client has gone */
  constructor(writable: WritableLike, lifeline?: Lifeline) {
    this.#writable = writable
    this.#lifeline = lifeline
  }

  get bufferedBytes(): number {
    return this.#writable.writableLength
  }

  write(chunk: string | Uint8Array): boolean {
    const writable = this.#writable
    // The application has ended the response itself: what remains to come is its 'finish'.
    if (writable.writableEnded) return false
    const hasRoom = writable.write(chunk)
    // A compressor keeps what it is given until its window is full: the client would wait for that.
    if (writable.flush !== undefined) {
      // A full flush, the default of deflate and gzip (which have a level), would forget the text seen
      // so far.
      if ('_level' in writable) writable.flush(Z_SYNC_FLUSH)
      else writable.flush()
    }
    return hasRoom
  }

  end(): void {
    if (!this.#writable.writableEnded) this.#writable.end()
  }

  destroy(): void {
    this.#writable.destroy()
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener
    this.#writable.on('drain', listener)
  }

  onClose(listener: (end: SinkEnd) => void): void {
    const writable = this.#writable
    let failure: Error | undefined
    const report = () => {
      writable.removeListener('close', report)
      writable.removeListener('finish', report)
      this.#lifeline?.removeListener('close', report)
      if (this.#onDrain !== undefined) writable.removeListener('drain', this.#onDrain)
      listener(this.#endOf(failure ?? writable.errored ?? undefined))
    }
    // Stays for good: an error that comes late, with no listener, would end the process.
    writable.on('error', (error: Error) => {
      failure = error
    })
    if (writable.destroyed || writable.closed || writable.writableFinished) {
      report()
      return
    }
    // Only 'close' comes with every ending of a response: ours, the client's, a broken socket. The
    // request's may never come once its body has been read. A writable that something reads in
    // turn is done at 'finish': its 'close' waits for that reader.
    writable.on('close', report)
    writable.on('finish', report)
    this.#lifeline?.on('close', report)
  }

  #endOf(error: Error | undefined): SinkEnd {
    if (error !== undefined && !DISCONNECTS.includes((error as { code?: unknown }).code)) {
      return { reason: 'error', error }
    }
    // HTTP/2 says 'finish', too, when the client has reset the stream; then nobody has ended it.
    const { writableEnded, writableFinished } = this.#writable
    return { reason: writableEnded && writableFinished ? 'ended' : 'client' }
  }
}
