// A stream that writes at once: a test that moves time on has no moment in which a tick could end.

import { Chunk, type EncodedEvent } from './chunk.js'
import type { Alarm } from './clock.js'
import { ring } from './clock.js'
import type { EventMap, EventOf } from './contract.js'
import { give, outlet } from './feed.js'
import type { Sink } from './sink.js'
import { type SendOptions, SseStream } from './stream.js'
import type { SseStreamOptions } from './stream-options.js'

const NOTHING = new Chunk()

/** Differs from any other stream in nothing but where chunks end. */
export class PromptStream<M extends EventMap<M>> extends SseStream<M> {
  readonly #sink: Sink

  constructor(sink: Sink, options: SseStreamOptions<M>) {
    super(sink, options)
    this.#sink = sink
    this.#flush(undefined)
  }

  override send(event: EventOf<M>, options?: SendOptions): boolean {
    return this.#flush(super.send(event, options))
  }

  override comment(text?: string): boolean {
    return this.#flush(super.comment(text))
  }

  /** @internal */
  override [give](event: EncodedEvent): boolean {
    return this.#flush(super[give](event))
  }

  /** @internal */
  override [ring](alarm: Alarm): void {
    this.#flush(super[ring](alarm))
  }

  #flush<T>(answer: T): T {
    // A chunk takes what waits for the end of the tick along. Where nothing does, it would be an empty write.
    if (this.bufferedBytes > this.#sink.bufferedBytes) this[outlet].deliver(NOTHING)
    return answer
  }
}
