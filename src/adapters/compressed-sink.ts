// What compresses a stream on its way to the connection, by node:zlib where the runtime has it.

import type { ContentCoding } from '../http.js'
import type { Sink } from '../sink.js'
import { BrotliSink } from './brotli-sink.js'
import { GzipSink } from './gzip-sink.js'
import { type Zlib, zlib } from './zlib.js'

/**
 * Those that `compressed` knows, the best first: between events a gzip stream keeps nothing but a window of a few
 * KiB, which streams that were sent the same share, and its ratio is the better one.
 */
export function offeredCodings(): readonly ContentCoding[] {
  return typeof zlib?.crc32 === 'function' ? ['gzip', 'br'] : []
}

/** Gives a sink that hands on to `sink` in this coding. */
export function compressed(sink: Sink, coding: ContentCoding): Sink {
  return coding === 'gzip' ? new GzipSink(sink, zlib as Zlib) : new BrotliSink(sink, zlib as Zlib)
}
