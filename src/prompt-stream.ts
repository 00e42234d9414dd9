// A stream that writes at once: a test that moves time on has no moment in which a tick could end.

import { Chunk, type EncodedEvent } from './chunk.js'
import type { Alarm } from './clock.js'
import { ring } from './clock.js'
import type { EventMap, EventOf } from './contract.js'
import { give, outlet } from './feed.js'
import { type SendOptions, SseStream } from './stream.js'
import type { SseStreamOptions } from './stream-options.js'
import type { TestConnection } from './test-connection.js'

const NOTHING = new Chunk()

/** Differs from any other stream in nothing but when chunks leave, and so in where they end. */
export class PromptStream<M extends EventMap<M>> extends SseStream<M> {
  readonly #connection: TestConnection

  constructor(connection: TestConnection, options: SseStreamOptions<M>) {
    super(connection, options)
    this.#connection = connection
    // No other client has to wait for its turn meanwhile, and under fake timers no turn would come.
    connection.onRead = () => {
      this[outlet].turnBytes = 0
    }
    PromptStream.#flush(this, undefined)
  }

  override send(event: EventOf<M>, options?: SendOptions): boolean {
    return PromptStream.#flush(this, super.send(event, options))
  }

  override comment(text?: string): boolean {
    return PromptStream.#flush(this, super.comment(text))
  }

  /** @internal */
  override [give](event: EncodedEvent): boolean {
    return PromptStream.#flush(this, super[give](event))
  }

  /** @internal */
  override [ring](alarm: Alarm): void {
    PromptStream.#flush(this, super[ring](alarm))
  }

  // Static: whoever watches streams open may act on one that is still being made, and has no methods of its own yet. What it
  // sends leaves once it is made.
  static #flush<T>(stream: SseStream, answer: T): T {
    // A chunk takes what waits for the end of the tick along. Where nothing does, it would be an empty write.
    if (#connection in stream && stream.bufferedBytes > stream.#connection.bufferedBytes) {
      stream[outlet].deliver(NOTHING)
    }
    return answer
  }
}
