// A stream for a path that lets nothing through before the response ends: it ends after what is due.

import type { EncodedEvent } from '../chunk.js'
import { Alarm, ring } from '../clock.js'
import type { EventMap, EventOf } from '../contract.js'
import { attach, detach, type Feed, give, type Outlet, outlet } from '../feed.js'
import type { Sink } from '../sink.js'
import { type SendOptions, SseStream } from '../stream.js'
import type { SseStreamOptions } from '../stream-options.js'
import { nextTurn } from '../turn.js'

/** How one response is to end. */
export interface BatchOptions {
  /** How long it may wait for a first event, in milliseconds. */
  readonly waitMs: number
  /** Whether it also ends once it is known that nothing is due. */
  readonly endsEmpty: boolean
}

/** Whether wire text has an event in it, and not only an id, a comment or a retry. */
const hasEvent = (text: string) => /^data:/m.test(text)

/**
 * Ends once something was sent and no channel has more to replay. What is published between two responses comes with the
 * next: the client returns with its last id.
 */
export class BatchStream<M extends EventMap<M>> extends SseStream<M> {
  readonly #options: BatchOptions
  readonly #feeds = new Set<Feed>()
  readonly #alarm: Alarm
  readonly #outlet: Outlet
  #hasSent = false
  #isLive = false
  #isCheckDue = false

  constructor(sink: Sink, options: SseStreamOptions<M>, batch: BatchOptions) {
    super(sink, options)
    this.#options = batch
    this.#alarm = new Alarm(this)
    const base = super[outlet]
    this.#outlet = {
      deliver: (chunk) => {
        base.deliver(chunk)
        this.#onSent()
      },
    }
    if (this.state !== 'open') return
    this.#alarm.start(batch.waitMs)
    super[attach]({ onEnd: () => this.#alarm.stop() })
  }

  override send(event: EventOf<M>, options?: SendOptions): boolean {
    const hasRoom = super.send(event, options)
    const { data, event: name } = event as { data?: unknown; event?: unknown }
    if (data !== undefined || name !== undefined) this.#onSent()
    return hasRoom
  }

  /** @internal */
  override [ring](alarm: Alarm): void {
    if (alarm === this.#alarm) void this.end()
    else super[ring](alarm)
  }

  /** @internal */
  override [attach](feed: Feed): void {
    super[attach](feed)
    this.#feeds.add(feed)
  }

  /** @internal */
  override [detach](feed: Feed): void {
    super[detach](feed)
    this.#feeds.delete(feed)
  }

  /** @internal */
  override [give](event: EncodedEvent): boolean {
    const hasRoom = super[give](event)
    if (hasEvent(event.text)) this.#onSent()
    return hasRoom
  }

  /** @internal What a subscription asks for when it has nothing more to replay. */
  override get [outlet](): Outlet {
    this.#isLive = true
    this.#check()
    return this.#outlet
  }

  #onSent(): void {
    this.#hasSent = true
    this.#check()
  }

  /** Looks in a while whether it is to end: what else is sent in this turn comes along. */
  #check(): void {
    if (this.#isCheckDue) return
    this.#isCheckDue = true
    nextTurn(() => {
      this.#isCheckDue = false
      const isBehind = [...this.#feeds].some((feed) => feed.isBehind)
      if (!isBehind && (this.#hasSent || (this.#options.endsEmpty && this.#isLive))) void this.end()
    })
  }
}
