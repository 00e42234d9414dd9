// One ordered sequence of events, fanned out to many streams.

import { Audiences, type Filter } from './audience.js'
import {
  type ErrorInfo,
  PUBLISH_OPTIONS,
  type PublishOptions,
  resolveChannelOptions,
  type SseChannelOptions,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
} from './channel-options.js'
import type { AnyEvents, ChannelEvent, EventMap, EventOf } from './contract.js'
import { isPromise } from './deferred.js'
import { watchers } from './diagnostics.js'
import { SseError, type SseErrorCode } from './errors.js'
import type { SseEvent } from './event.js'
import { attach } from './feed.js'
import { Following, persist } from './following.js'
import type { Recipient } from './hand-over.js'
import { harmlessLastEventId } from './last-event-id.js'
import type { EventLog, LogRecord, NewRecord } from './log.js'
import { MemoryLog } from './memory-log.js'
import { known, optional, wrongType } from './misuse.js'
import { Publication, recordOf } from './publication.js'
import type { SseStream } from './stream.js'
import { ChannelSubscription, type Desk, type Subscription } from './subscription.js'

/** How many records a returning client is given before the log is asked for more. */
const PAGE = { maxRecords: 256, maxBytes: 262_144 }

/** Channels made so far: what tells the conflation keys of one from those of another. */
let channels = 0

/**
 * One ordered sequence of events, fanned out to many streams.
 *
 * A subscriber sees the events in the order of their ids, each at most once per connection. One that comes back with
 * the id of its last event gets exactly those after it, or is told that some are gone.
 *
 * @typeParam M - the events, by name: `{ price: Price; message: string }`; any by default
 */
export class SseChannel<M extends EventMap<M> = AnyEvents> implements AsyncDisposable {
  readonly #options: ReturnType<typeof resolveChannelOptions<M>>
  readonly #log: EventLog
  readonly #audiences: Audiences
  readonly #joining = new Set<ChannelSubscription>()
  /** By record, so that what several replay is encoded once for as long as the log keeps it. */
  readonly #publications = new WeakMap<LogRecord, Publication>()
  readonly #keys = `\0${channels++}\0`
  /** Up to where streams that have unsubscribed, and may come back, were given what they were to see. */
  readonly #positions = new WeakMap<object, string>()
  #desk: Desk | undefined
  #following: Following | undefined
  #appending = 0
  #onAppended: (() => void) | undefined
  #closing: Promise<void> | undefined

  /**
   * Makes a channel. It holds nothing open, and needs no closing where its log is its own.
   *
   * @throws {TypeError} when an option has the wrong type, or a log is given without a name.
   * @throws {RangeError} when a limit is out of its range.
   */
  constructor(options: SseChannelOptions<M> = {}) {
    this.#options = resolveChannelOptions(options)
    this.#log = this.#options.log ?? new MemoryLog()
    this.#audiences = new Audiences((filter, publication) => this.#judge(filter, publication))
  }

  /** How many streams are subscribed. */
  get size(): number {
    return this.#audiences.size + this.#joining.size
  }

  /**
   * Publishes an event to all that may see it.
   *
   * What is published in one synchronous run leaves as one chunk, encoded once for all streams.
   *
   * @returns resolves with the id that the log gave to the event, once the log has it.
   * @throws rejects with a `TypeError` or `RangeError` when the event is not one that the format can carry, or has an
   * id; with an {@link SseError}: `ERR_SSE_CLOSED` when the channel is closed, `ERR_SSE_LOG` when the log has failed,
   * `ERR_SSE_INVALID` when `validate` is on and the data is not what the contract says.
   */
  publish(event: ChannelEvent<M>, options: PublishOptions = {}): Promise<string> {
    let record: NewRecord
    try {
      record = this.#recordOf(event, options)
    } catch (error) {
      return Promise.reject(error)
    }
    const appended = this.#append(record)
    // It was reported; whoever does not look at the promise need not be told by an unhandled rejection.
    if (this.#options.onError !== undefined) appended.catch(() => {})
    return appended
  }

  /**
   * Subscribes a stream: sends what its client missed, then whatever is published.
   *
   * A client that starts fresh gets the snapshot, if there is one, and what is published from this call on (with a log that
   * takes its time to begin: from then on). One with an id
   * gets what came after it; if that is not all there any more, or the id is not one of this channel, it gets the gap event,
   * then the snapshot, or without one what is still kept. History is sent as fast as the client takes it.
   *
   * @returns settles when the stream has all that lies before what is live, or has closed. While the log's engine is away
   * it waits, the stream open.
   * @throws rejects with a `TypeError` when `stream` is none, an option has the wrong type, or the stream has a resumable
   * subscription already; with an {@link SseError} `ERR_SSE_CLOSED` when the channel is closed.
   */
  async subscribe(
    stream: SseStream<M> | SseStream,
    options: SubscribeOptions<M> = {},
  ): Promise<Subscription> {
    this.#checkOpen()
    if (typeof stream?.[attach] !== 'function')
      throw wrongType('the stream', 'an SseStream', stream)
    const { topics, filter, lastEventId, resumable = true } = known(options, SUBSCRIBE_OPTIONS)
    optional('`resumable`', resumable, 'boolean')
    optional('`lastEventId`', lastEventId, 'string')
    const scope = {
      topics: topicsOf(topics),
      filter: optional('`filter`', filter, 'function') as Filter | undefined,
      isNumbered: resumable,
    }
    const desk = this.#follow()
    const subscription = new ChannelSubscription(desk, stream, resumable)
    try {
      stream[attach](subscription)
    } catch (error) {
      this.#onLeft()
      throw error
    }
    if (!subscription.isOver) {
      const known = this.#positions.get(stream) ?? stream.lastEventId
      const from = lastEventId ?? (resumable ? known : '')
      await subscription.join(scope, harmlessLastEventId(from))
    }
    return subscription
  }

  /**
   * Ends all subscriptions, after what was published, and a log of the channel's own. One that is still on its way through
   * the history stops where it is. The streams stay open: whoever opened them ends them.
   *
   * @returns settles when nothing of the channel is under way any more.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Closes the channel at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #recordOf(event: EventOf<M>, options: PublishOptions): NewRecord {
    // A mistyped topic would be none at all, and send to everyone what was meant for some.
    const { topic, conflate } = known(options, PUBLISH_OPTIONS)
    return {
      ...recordOf(event as SseEvent, this.#options),
      topic: optional('`topic`', topic, 'string'),
      conflate: optional('`conflate`', conflate, 'string'),
    }
  }

  async #append(record: NewRecord): Promise<string> {
    const { name: channel, limits } = this.#options
    this.#appending++
    try {
      this.#checkOpen()
      const id = await this.#log.append(channel, record, limits)
      watchers('eventwire:channel:publish')?.publish({ channel, record: { ...record, id } })
      return id
    } catch (cause) {
      throw this.#report('publish', 'ERR_SSE_LOG', 'The log has not taken the event', cause)
    } finally {
      if (--this.#appending === 0) this.#onAppended?.()
    }
  }

  async #close(): Promise<void> {
    if (this.#appending > 0) {
      await new Promise<void>((resolve) => {
        this.#onAppended = resolve
      })
    }
    for (const subscription of this.#subscriptions()) subscription.unsubscribe()
    await this.#following?.stop()
    if (this.#options.log === undefined) await this.#log.close()
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SseError('ERR_SSE_CLOSED', 'The channel is closed')
  }

  /** Follows the log for as long as there are subscribers. */
  #follow(): Desk {
    if (this.#desk !== undefined) return this.#desk
    const { name, deserialize, gapEvent, snapshot } = this.#options
    const following = new Following(this.#log, name, {
      onRecord: (record) => this.#onRecord(record),
      onRestart: (seen) => this.#onRestart(seen),
      onLogError: (error) => this.#onLogError(error),
    })
    this.#following = following
    this.#desk = {
      archive: {
        following,
        name,
        recordOf: (event) => recordOf(event, this.#options),
        deserialize,
        gapEvent,
        hasSnapshot: snapshot !== undefined,
        judge: (filter, publication) => this.#judge(filter, publication),
        flush: () => this.#audiences.flush(),
        compare: (one, other) => this.#log.compare(one, other),
        publicationOf: (record) => this.#publicationOf(record),
        since: (id, isOver) =>
          persist(
            () => this.#log.since(name, id, PAGE),
            isOver,
            (error) => this.#onLogError(error),
          ),
        snapshot: (topics, stream) =>
          snapshot?.({
            topics,
            get signal() {
              return stream.signal
            },
          }),
      },
      audiences: this.#audiences,
      joining: this.#joining,
      onLeft: () => this.#onLeft(),
      onUnsubscribed: (stream, position) => void this.#positions.set(stream, position),
      onFailure: (stream, error) => this.#onFailure(stream, error),
    }
    return this.#desk
  }

  #onLeft(): void {
    if (this.size > 0 || this.#closing !== undefined) return
    const following = this.#following
    this.#following = undefined
    this.#desk = undefined
    void following?.stop()
  }

  #onRecord(record: LogRecord): void {
    const publication = this.#publicationOf(record)
    try {
      // What cannot be sent was not published here: one bad record is not to stop those behind it.
      publication.numbered
    } catch (error) {
      this.#onLogError(error)
      return
    }
    this.#audiences.add(publication, record.topic, record.id)
    for (const subscription of this.#joining) subscription.take(record)
  }

  #onRestart(seen: string): void {
    this.#audiences.flush()
    for (const subscription of this.#subscriptions()) subscription.restart(seen)
  }

  #subscriptions(): ChannelSubscription[] {
    return [...(this.#audiences.members() as ChannelSubscription[]), ...this.#joining]
  }

  #publicationOf(record: LogRecord): Publication {
    let publication = this.#publications.get(record)
    if (publication === undefined) {
      publication = new Publication(record, this.#options.deserialize, this.#keys)
      this.#publications.set(record, publication)
    }
    return publication
  }

  #judge(filter: Filter, publication: Publication): boolean {
    try {
      const isWanted: unknown = filter(publication.event)
      if (!isPromise(isWanted)) return Boolean(isWanted)
      // A promise is true, whatever it comes to.
      void isWanted.then(undefined, () => {})
      throw wrongType('what `filter` returns', 'a boolean', isWanted)
    } catch (cause) {
      this.#report('filter', 'ERR_SSE_FILTER', 'A filter has failed', cause)
      return false
    }
  }

  #onLogError(cause: unknown): void {
    this.#report('log', 'ERR_SSE_LOG', 'The log has not answered', cause)
  }

  /** A client whose way has ended early comes back and tries again. */
  #onFailure(stream: Recipient, error: unknown): void {
    const stage =
      error instanceof SseError && error.code === 'ERR_SSE_SNAPSHOT' ? 'snapshot' : 'log'
    stream.destroy(this.#report(stage, 'ERR_SSE_LOG', 'The log gave what cannot be sent', error))
  }

  #report(
    stage: ErrorInfo['stage'],
    code: SseErrorCode,
    message: string,
    cause: unknown,
  ): SseError {
    const error = cause instanceof SseError ? cause : new SseError(code, message, { cause })
    const { name: channel } = this.#options
    watchers('eventwire:channel:error')?.publish({ channel, error, stage })
    try {
      this.#options.onError?.(error, { stage })
    } catch {
      // Whoever listens has no one else to tell either; others must not suffer from it.
    }
    return error
  }
}

function topicsOf(topics: readonly string[] = []): readonly string[] {
  if (Array.isArray(topics) && topics.every((topic) => typeof topic === 'string')) {
    // In one order, once each: subscribers that see the same events are one audience.
    return [...new Set(topics)].sort()
  }
  throw wrongType('`topics`', 'an array of strings', topics)
}
