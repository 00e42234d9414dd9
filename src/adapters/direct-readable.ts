// A web ReadableStream that hands a reader that waits its chunk past the stream's own queue: docs/decisions/the-direct-read.md.

type Read = ReadableStreamReadResult<Uint8Array>
type Reader = ReadableStreamDefaultReader<Uint8Array>

/** What the readable tells whoever fills it. */
export interface ReadableListener {
  /** A reader waits, and has got all that there was. */
  onPull(): void
  /** The reader wants no more. */
  onCancel(): void
}

/** A read that waits. */
interface Waiting {
  resolve(read: Read): void
  reject(error: unknown): void
}

const DONE: Read = { done: true, value: undefined }

/** Filled by `enqueue`, a chunk at a time. Pipes, iterators and tees read it by its own queue, as any other. */
export class DirectReadable extends ReadableStream<Uint8Array> {
  readonly #listener: ReadableListener
  readonly #controller: ReadableStreamDefaultController<Uint8Array>
  /** Reads of the present reader that wait. */
  #waiting: Waiting[] = []
  #isOver = false

  constructor(listener: ReadableListener) {
    let controller: unknown
    super(
      {
        start: (started) => {
          controller = started
        },
        pull: () => listener.onPull(),
        cancel: () => {
          this.#finish((read) => read.resolve(DONE))
          listener.onCancel()
        },
      },
      // Nothing is asked for ahead of a reader: what waits is held by the stream, within its bound.
      { highWaterMark: 0 },
    )
    this.#listener = listener
    this.#controller = controller as ReadableStreamDefaultController<Uint8Array>
  }

  /** Gives a chunk; `true` when a reader has waited for it. */
  enqueue(chunk: Uint8Array): boolean {
    const read = this.#waiting.shift()
    if (read !== undefined) {
      read.resolve({ done: false, value: chunk })
      return true
    }
    this.#controller.enqueue(chunk)
    return (this.#controller.desiredSize as number) >= 0
  }

  /** Ends it, once its queue is empty. */
  close(): void {
    this.#controller.close()
    this.#finish((read) => read.resolve(DONE))
  }

  /** Ends it with an error, which readers get. */
  error(error: unknown): void {
    this.#controller.error(error)
    this.#finish((read) => read.reject(error))
  }

  override getReader(options?: ReadableStreamGetReaderOptions): never {
    // Throws for a mode of bytes, which this is not.
    const reader = super.getReader(options as undefined) as Reader
    this.#serve(reader)
    return reader as never
  }

  #serve(reader: Reader): void {
    const read = reader.read.bind(reader)
    const releaseLock = reader.releaseLock.bind(reader)
    const waiting: Waiting[] = []
    this.#waiting = waiting
    let isReleased = false
    reader.read = () => {
      // It has ended, there is something in the queue, or the reader has no say any more.
      if (this.#isOver || this.#controller.desiredSize !== 0 || isReleased) return read()
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        this.#listener.onPull()
      })
    }
    reader.releaseLock = () => {
      isReleased = true
      releaseLock()
      for (const each of waiting.splice(0)) each.reject(new TypeError('The reader was released'))
    }
  }

  #finish(settle: (read: Waiting) => void): void {
    this.#isOver = true
    for (const read of this.#waiting.splice(0)) settle(read)
  }
}
