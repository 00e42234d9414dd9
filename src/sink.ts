// The port through which a stream writes.

import type { SharedChunk } from './chunk.js'

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

/** The stream on a sink, as the sink sees it. */
export interface SinkListener {
  /** The sink has room again. */
  onDrain(): void
  /** The connection has ended, however it came. */
  onClose(end: SinkEnd): void
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
  /**
   * Does what `write` does with a chunk that other connections are given too. Without it they are each given
   * its text. MAY keep in `chunk.frame` what other sinks of this kind can use.
   */
  writeShared?(chunk: SharedChunk): boolean
  /**
   * Ends the connection in good order, after what was written.
   *
   * @param isLast - it is not to serve another request either: the server is shutting down
   */
  end(isLast: boolean): void
  /**
   * Cuts the connection, and drops what was written but not yet sent.
   *
   * @param isLast - as of `end`
   */
  destroy(isLast: boolean): void
  /** Bytes written that the client has not taken, as far as the connection knows. */
  readonly bufferedBytes: number
  /**
   * Tells the stream of what happens, from now on. Called once, before anything is written.
   *
   * MUST call `onDrain` each time there is room again after a `false`, and not from within `write`. MUST
   * call `onClose` exactly once; at once, if the connection is already gone.
   */
  attach(listener: SinkListener): void
}

/** A connection that has ended before a stream could open on it. */
export function endedSink(reason: SinkEnd['reason']): Sink {
  return {
    write: () => false,
    end: () => {},
    destroy: () => {},
    bufferedBytes: 0,
    attach: (listener) => listener.onClose({ reason }),
  }
}
