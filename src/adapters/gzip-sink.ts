// A sink that compresses by gzip without keeping a compressor: what was sent last is the next write's dictionary.

import type { SharedChunk } from '../chunk.js'
import type { Sink, SinkListener } from '../sink.js'
import { encodeText } from '../utf8.js'
import type { Zlib } from './zlib.js'

/**
 * How much of what was sent is kept, for what follows to refer to. A compressor of zlib's holds 100 KiB and more,
 * most of it tables that it can fill anew from this at each write, in some microseconds.
 */
const WINDOW_BYTES = 4_096

/** The window of deflate: 8 KiB, so that ours is within its reach. */
const WINDOW_BITS = 13

// A member header without a name or a time, of an unknown system (RFC 1952, section 2.3).
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)

const NOTHING = new Uint8Array(0)

/** One write, which other streams may repeat: those of a channel mostly were sent the same before it. */
interface Deflation {
  readonly window: Uint8Array
  readonly chunk: SharedChunk
  readonly output: Uint8Array
  readonly nextWindow: Uint8Array
}

let recent: Deflation | undefined

/** A gzip stream on another sink. */
export class GzipSink implements Sink {
  readonly #sink: Sink
  readonly #zlib: Zlib
  #window: Uint8Array = NOTHING
  #hasBegun = false
  #checksum = 0
  #length = 0

  constructor(sink: Sink, zlib: Zlib) {
    this.#sink = sink
    this.#zlib = zlib
  }

  get bufferedBytes(): number {
    return this.#sink.bufferedBytes
  }

  write(chunk: string | Uint8Array): boolean {
    const bytes = typeof chunk === 'string' ? encodeText(chunk) : chunk
    return this.#send(bytes, this.#deflated(bytes), this.#windowAfter(bytes))
  }

  writeShared(chunk: SharedChunk): boolean {
    const bytes = chunk.encoded
    if (recent?.chunk !== chunk || !isEqual(recent.window, this.#window)) {
      recent = {
        window: this.#window,
        chunk,
        output: this.#deflated(bytes),
        nextWindow: this.#windowAfter(bytes),
      }
    }
    return this.#send(bytes, recent.output, recent.nextWindow)
  }

  end(isLast: boolean): void {
    const trailer = new DataView(new ArrayBuffer(10))
    // A last block, empty, in fixed codes; then the checksum and the length of all (RFC 1952, section 2.3.1).
    trailer.setUint16(0, 3, true)
    trailer.setUint32(2, this.#checksum, true)
    trailer.setUint32(6, this.#length, true)
    this.#sink.write(this.#begun(new Uint8Array(trailer.buffer)))
    this.#sink.end(isLast)
  }

  destroy(isLast: boolean): void {
    this.#sink.destroy(isLast)
  }

  attach(listener: SinkListener): void {
    this.#sink.attach(listener)
  }

  #send(bytes: Uint8Array, output: Uint8Array, nextWindow: Uint8Array): boolean {
    const chunk = this.#begun(output)
    this.#window = nextWindow
    this.#checksum = this.#zlib.crc32(bytes, this.#checksum)
    this.#length = (this.#length + bytes.length) >>> 0
    return this.#sink.write(chunk)
  }

  /** Puts the header before the first write. */
  #begun(output: Uint8Array): Uint8Array {
    if (this.#hasBegun) return output
    this.#hasBegun = true
    return joined(HEADER, output)
  }

  #deflated(bytes: Uint8Array): Uint8Array {
    const { constants, deflateRawSync } = this.#zlib
    return deflateRawSync(bytes, {
      ...(this.#window.length > 0 ? { dictionary: this.#window } : {}),
      windowBits: WINDOW_BITS,
      memLevel: 5,
      // To the end of a byte, in a block that is not the last.
      finishFlush: constants.Z_SYNC_FLUSH,
    })
  }

  #windowAfter(bytes: Uint8Array): Uint8Array {
    const kept =
      bytes.length < WINDOW_BYTES ? this.#window.subarray(bytes.length - WINDOW_BYTES) : NOTHING
    // A copy, in any case: a part of a shared buffer would keep all of it.
    return joined(kept, bytes.subarray(-WINDOW_BYTES))
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

// Once two were found equal, their streams hold one and the same.
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return (
    one === other ||
    (one.length === other.length && one.every((byte, index) => byte === other[index]))
  )
}
