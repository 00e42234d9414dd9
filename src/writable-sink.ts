// A Node.js writable as a sink.

import { wrongType } from './misuse.js'
import { ignore } from './put-away.js'
import type { Sink, SinkEnd, SinkListener } from './sink.js'

/** What tells of its end by 'close'. */
export type Lifeline = Pick<WritableLike, 'on' | 'removeListener'>

/** The part of a Node.js `Writable` that a stream uses; `ServerResponse` and its HTTP/2 twin have it. */
export interface WritableLike {
  /** Takes a chunk; `false` when it has enough for now. */
  write(chunk: string | Uint8Array, encoding: 'utf8'): boolean
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
  /** Whether a 'drain' is to come. */
  readonly writableNeedDrain?: boolean
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
  /** What compressing writables have: a method that sends on what they hold back. A file has an option of that name. */
  readonly flush?: unknown
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

/** Of `node:zlib`, which the core does not import. */
export const Z_SYNC_FLUSH = 2

/** A Node writable as a sink. It keeps few listeners: tens of thousands of idle streams have one each. */
export class WritableSink implements Sink {
  readonly #writable: WritableLike
  readonly #lifeline: Lifeline | undefined
  #listener: SinkListener | undefined
  #failure: Error | undefined
  #hearsDrain = false

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
    // Said each time: a writable may have another default, in which a character can become a line break.
    const answer: unknown = writable.write(chunk, 'utf8')
    // Some middleware puts a `write` in place of the response's that gives no answer.
    const hasRoom = typeof answer === 'boolean' ? answer : !writable.writableNeedDrain
    // A compressor keeps what it is given until its window is full: the client would wait for that. A full flush, the
    // default of deflate and gzip (which have a level), would forget the text seen so far.
    if (typeof writable.flush === 'function') {
      writable.flush('_level' in writable ? Z_SYNC_FLUSH : undefined)
    }
    if (!hasRoom && !this.#hearsDrain) {
      this.#hearsDrain = true
      // For good: the `compression` middleware hands listeners on to its compressor, from where `once` would not
      // take them back.
      writable.on('drain', () => this.onDrain())
    }
    return hasRoom
  }

  /** Tells the stream that there is room again. */
  protected onDrain(): void {
    this.#listener?.onDrain()
  }

  end(_isLast: boolean): void {
    if (!this.#writable.writableEnded) this.#writable.end()
  }

  destroy(_isLast: boolean): void {
    this.#writable.destroy()
  }

  attach(listener: SinkListener): void {
    const writable = this.#writable
    this.#listener = listener
    // An error without a listener would end the process, also one that comes late: this one stays. The writable keeps the
    // error for whoever asks.
    if ('errored' in writable) writable.on('error', ignore)
    else {
      ;(writable as WritableLike).on('error', (error: Error) => {
        this.#failure = error
      })
    }
    const report = () => {
      writable.removeListener('close', report)
      writable.removeListener('finish', report)
      this.#lifeline?.removeListener('close', report)
      listener.onClose(this.#end())
    }
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

  #end(): SinkEnd {
    const { errored, writableEnded, writableFinished } = this.#writable
    const error = errored ?? this.#failure
    if (error && !DISCONNECTS.includes((error as { code?: unknown }).code)) {
      return { reason: 'error', error }
    }
    // HTTP/2 says 'finish', too, when the client has reset the stream; then nobody has ended it.
    return { reason: writableEnded && writableFinished ? 'ended' : 'client' }
  }
}

/**
 * Gives the port for `target`: itself if it is one, else the Node writable behind one.
 *
 * @throws {TypeError} when it is neither.
 */
export function toSink(target: WritableLike | Sink): Sink {
  if (typeof target?.write === 'function') {
    if ('attach' in target) return target
    if (typeof target.on === 'function') return new WritableSink(target)
  }
  throw wrongType('the sink', 'a Writable or a Sink', target)
}
