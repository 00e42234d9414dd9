// Where a reader takes its chunks from: a web stream or an async iterable.

import { wrongType } from './misuse.js'
import { ignore, putAway } from './put-away.js'
import type { ReadableStreamLike } from './readable.js'

/** A piece of the wire: bytes, or text that is decoded already. */
export type WireChunk = Uint8Array | string

/** What holds the chunks: a web stream, or an async iterable, such as a Node.js `Readable`. */
export type Chunks = ReadableStreamLike<WireChunk> | AsyncIterable<WireChunk>

/** What a source gives at each read. */
export interface ChunkStep {
  readonly done?: boolean | undefined
  readonly value?: unknown
}

/** A source being read. */
export interface ChunkSource {
  /** Gives the next chunk, or the end. Rejects with the source's own error. One call at a time. */
  read(): Promise<ChunkStep>
  /** Tells the source that no more is wanted: safe before the first `read`, while one waits, and after the end. */
  cancel(reason?: unknown): void
}

/**
 * Takes hold of a source.
 *
 * @throws {TypeError} when it is none, or somebody else has hold of it.
 */
export function chunkSource(source: Chunks): ChunkSource {
  if (typeof source === 'object' && source !== null) {
    if ('getReader' in source) return fromStream(source)
    if (Symbol.asyncIterator in source) return fromIterable(source)
  }
  throw wrongType('the source', 'a Response, a ReadableStream or an async iterable', source)
}

function fromStream(stream: ReadableStreamLike<WireChunk> & { locked?: boolean }): ChunkSource {
  if (stream.locked) throw wrongType('the source', 'a stream that is not locked', stream)
  const reader = stream.getReader()
  return {
    read: () => reader.read(),
    // Settles a read that waits, too.
    cancel: (reason) => putAway(() => reader.cancel(reason)),
  }
}

/** The part of a Node.js `Readable` that is needed to put it away. */
interface Destroyable {
  destroy?(): unknown
  on?(name: 'error', listener: (error: unknown) => void): unknown
}

function fromIterable(source: AsyncIterable<WireChunk> & Destroyable): ChunkSource {
  const iterator = source[Symbol.asyncIterator]()
  // Before the first read, and while it is put away, a Readable has nobody else to tell, and would end the process.
  source.on?.('error', ignore)
  return {
    // `for await` would take what is no promise, too.
    read: () => Promise.resolve(iterator.next()),
    // The iterator of a Readable is deaf while a read waits.
    cancel: () => putAway(() => (source.destroy ? source.destroy() : iterator.return?.())),
  }
}
