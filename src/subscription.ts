// One stream on one channel.

import type { Audience, Audiences, Scope } from './audience.js'
import { detach, type Feed, outlet } from './feed.js'
import { type Archive, HandOver, type Recipient, type Resume } from './hand-over.js'
import type { LogRecord } from './log.js'

/** A stream's subscription to a channel. It ends with the stream. */
export interface Subscription extends Disposable {
  /**
   * `'fresh'`: the client came without an id; `'resumed'`: it was given exactly what came after its id; `'gap'`: some
   * of that is gone, or the id is not one of this channel.
   */
  readonly resume: Resume
  /** How many events of the history the client was given. */
  readonly replayed: number
  /** Ends it; what was published before is still sent, the stream stays open. Harmless when it has ended. */
  unsubscribe(): void
}

/** What a subscription needs of its channel. */
export interface Desk {
  readonly archive: Archive
  readonly audiences: Audiences
  /** Those that are on their way to what is live. */
  readonly joining: Set<ChannelSubscription>
  /** Hears that one has ended. */
  onLeft(): void
  /** Hears that a stream which stays open was given what it is to see up to this position. */
  onUnsubscribed(stream: Recipient, position: string): void
  /** Hears why one's way has ended early. */
  onFailure(stream: Recipient, error: unknown): void
}

/** A subscription as its channel and its stream see it: on its way first, then a member of an audience. */
export class ChannelSubscription implements Subscription, Feed {
  resume: Resume = 'fresh'
  replayed = 0
  readonly isResumable: boolean
  readonly #desk: Desk
  readonly #stream: Recipient
  /** While it is on its way. */
  #handOver: HandOver | undefined
  /** Once it is live. */
  #audience: Audience | undefined
  #isOver = false

  constructor(desk: Desk, stream: Recipient, isResumable: boolean) {
    this.#desk = desk
    this.#stream = stream
    this.isResumable = isResumable
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isBehind(): boolean {
    return this.#handOver !== undefined
  }

  /** Brings the stream from `lastEventId` to what is live. Settles when it is there, or has closed. */
  join(scope: Scope, lastEventId: string): Promise<void> {
    const { archive, audiences, joining } = this.#desk
    const handOver = new HandOver(archive, this.#stream, scope, lastEventId)
    this.#handOver = handOver
    joining.add(this)
    return handOver
      .run((position) => {
        joining.delete(this)
        this.#handOver = undefined
        this.#audience = audiences.join(scope, this, this.#stream[outlet], position)
      })
      .catch((error) => this.#desk.onFailure(this.#stream, error))
      .then(() => {
        this.resume = handOver.resume
        this.replayed = handOver.replayed
      })
  }

  /** Takes what was published while it is on its way. */
  take(record: LogRecord): void {
    this.#handOver?.queue.add(record)
  }

  /** The log may have lost records after `seen`, which is what all that are live have been given. */
  restart(seen: string): void {
    if (this.#handOver !== undefined) this.#handOver.queue.giveUp()
    else if (this.#audience !== undefined) {
      const { scope } = this.#audience
      this.#leave()
      void this.join(scope, seen)
    }
  }

  flush(): void {
    this.#desk.audiences.flush(this.#stream[outlet])
  }

  positionToTell(): string | undefined {
    const { position } = this.#desk.archive.following
    const isKnown = this.#audience === undefined || this.#audience.lastId === position
    return isKnown || !this.isResumable ? undefined : position
  }

  onEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#handOver?.ending.end()
    this.#leave()
    this.#desk.onLeft()
  }

  unsubscribe(): void {
    if (this.#isOver) return
    this.flush()
    const { following } = this.#desk.archive
    const position = this.#handOver?.position ?? following.position
    if (this.isResumable && position) this.#desk.onUnsubscribed(this.#stream, position)
    this.#stream[detach](this)
    this.onEnd()
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }

  #leave(): void {
    this.#desk.joining.delete(this)
    this.#handOver = undefined
    if (this.#audience !== undefined) this.#desk.audiences.leave(this.#audience, this)
    this.#audience = undefined
  }
}
