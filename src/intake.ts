// What a reader does with each event that came: whether it ends the stream, and what the contract makes of it.

import { wrongType } from './misuse.js'
import type { ResolvedParseOptions } from './parse-options.js'
import { type AnyReceived, receive } from './reception.js'
import { WireParser } from './wire-parser.js'

/** Takes chunks, gives events. */
export class Intake {
  /** The next event, when a validator takes its time over it; `undefined` if it is then left out. */
  coming: Promise<AnyReceived | undefined> | undefined

  #wire: WireParser
  readonly #options: ResolvedParseOptions

  /** @param lastEventId - the id that events have until one comes: that of the connection before */
  constructor(options: ResolvedParseOptions, lastEventId?: string) {
    this.#options = options
    this.#wire = new WireParser(options, lastEventId)
  }

  /** Whether the event came that ends the stream, or nobody is going to take another. */
  get isOver(): boolean {
    return this.#wire.isOver
  }

  set isOver(isOver: boolean) {
    this.#wire.isOver = isOver
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

  /** Tells it that what comes next is a new stream of the same events: half an event is dropped, id and reconnection time stay. */
  restart(): void {
    const { position, retryMs } = this.#wire
    this.#wire = new WireParser(this.#options, position)
    this.#wire.retryMs = retryMs
  }

  /**
   * Takes the next event. `undefined`: it `isOver`; or one is `coming`; or the next chunk is needed.
   *
   * @throws what a policy or a callback throws; `ERR_SSE_TOO_LARGE`.
   */
  take(): AnyReceived | undefined {
    const { until, reception } = this.#options
    while (!this.isOver && this.coming === undefined) {
      const raw = this.#wire.take()
      if (raw === undefined) return undefined
      const isLast = until?.(raw) ?? false
      // A promise would end the stream at its first event, whatever comes of it.
      if (typeof isLast !== 'boolean') throw wrongType('what `until` gives', 'a boolean', isLast)
      if (this.isOver) {
        // Given up by what was just called.
        this.#wire.giveBack()
        return undefined
      }
      if (isLast) this.isOver = true
      else if (reception !== undefined) {
        const received = receive(raw, reception)
        if (received instanceof Promise) {
          this.coming = received.then((event) => this.#arrive(raw.id, event))
          break
        }
        this.#wire.lastEventId = raw.id
        if (received !== undefined) return received
        continue
      }
      this.#wire.lastEventId = raw.id
      if (!this.isOver) return raw
    }
    return undefined
  }

  #arrive(id: string, event: AnyReceived | undefined): AnyReceived | undefined {
    this.coming = undefined
    // Given up meanwhile: it is not handed over.
    if (this.isOver) return undefined
    this.#wire.lastEventId = id
    return event
  }
}
