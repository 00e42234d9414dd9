// What a reader does with each event that came: whether it ends the stream, and what the contract makes of it.

import type { ResolvedParseOptions } from './parse-options.js'
import { type AnyReceived, receive } from './reception.js'
import { WireParser } from './wire-parser.js'

/** Takes chunks, gives events. Whoever asks for one waits for it before it asks for the next. */
export class Intake {
  /** Whether the event came that ends the stream, or nobody is going to take another. */
  isOver = false

  readonly #wire: WireParser
  readonly #options: ResolvedParseOptions

  /** @param lastEventId - the id that events have until one comes: that of the connection before */
  constructor(options: ResolvedParseOptions, lastEventId?: string) {
    this.#options = options
    this.#wire = new WireParser(options, lastEventId)
  }

  /** The id to resume from: of the last event handed over, moved on by the blocks behind it that have an id alone. */
  get lastEventId(): string {
    return this.#wire.position
  }

  /** The reconnection time in force, in milliseconds. */
  get retryMs(): number | undefined {
    return this.#wire.retryMs
  }

  /**
   * Gives it the next chunk, once `take` has asked for it.
   *
   * @throws {TypeError} when it is neither text nor bytes.
   */
  push(chunk: unknown): void {
    this.#wire.push(chunk)
  }

  /** Tells it that no more comes; `take` may have some left. */
  end(): void {
    this.#wire.end(this.#options.isLastDispatched)
  }

  /**
   * Takes the next event; `undefined` asks for the next chunk, or is the end if `isOver`. A promise where a validator
   * takes its time.
   */
  take(): AnyReceived | undefined | Promise<AnyReceived | undefined> {
    const { until, reception } = this.#options
    while (!this.isOver) {
      const raw = this.#wire.take()
      if (raw === undefined) return undefined
      const isLast = until?.(raw)
      const received = reception === undefined || isLast ? raw : receive(raw, reception)
      if (received instanceof Promise) return received.then((event) => this.#pass(raw.id, event))
      this.#wire.lastEventId = raw.id
      if (isLast) this.isOver = true
      else if (received !== undefined) return received
    }
    return undefined
  }

  #pass(id: string, event: AnyReceived | undefined): ReturnType<Intake['take']> {
    // Given up meanwhile: the event was not handed over.
    if (this.isOver) return undefined
    this.#wire.lastEventId = id
    return event ?? this.take()
  }
}
