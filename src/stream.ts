// One open connection to one client.

import { onAbort } from './abort.js'
import type { EncodedEvent, SharedChunk } from './chunk.js'
import { Alarm, nowMs, ring } from './clock.js'
import type { AnyEvents, EventMap, EventOf } from './contract.js'
import { type Deferred, deferred } from './deferred.js'
import { watchers } from './diagnostics.js'
import { encodeEvent, type SseEvent } from './event.js'
import {
  attach,
  detach,
  type Feed,
  type Feeds,
  feedsOf,
  give,
  type Outlet,
  outlet,
  packed,
} from './feed.js'
import { known, optional, wrongType } from './misuse.js'
import { failed, Outbox, sinkEnded } from './outbox.js'
import { type CloseReason, registry, shutDown } from './registry.js'
import type { Sink, SinkEnd } from './sink.js'
import { pump, type Source } from './source.js'
import { type KeptOptions, resolveStreamOptions, type SseStreamOptions } from './stream-options.js'
import { byteLength, encodeText } from './utf8.js'
import { toSink, type WritableLike } from './writable-sink.js'

/** How a stream came to its end. */
export interface CloseInfo {
  /** What ended it. */
  reason: CloseReason
  /** With the reason 'error': what failed. */
  error?: Error
}

/** How one event is sent. */
export interface SendOptions {
  /**
   * A key: while the client is slow, the event replaces the waiting one of the same key, in its place.
   * For data of which only the newest counts, such as a price or a progress.
   */
  conflate?: string | undefined
}

const SEND_OPTIONS: readonly (keyof SendOptions)[] = ['conflate']

/** How a stream stands: it takes events only while it is open. */
export type StreamState = 'open' | 'ending' | 'closed'

/** One for all streams: a sink that frames it does so once. */
const HEARTBEAT = chunkOf({ comment: '' })

/**
 * One open connection to one client.
 *
 * It never hangs, leaks or crashes the process: a client that leaves is no error, whatever waits also
 * waits for the close, and what a slow client costs is bounded. Events sent in one synchronous run leave
 * as one chunk.
 *
 * @typeParam M - the events that it sends, by name: `{ price: Price; message: string }`; any by default
 */
export class SseStream<M extends EventMap<M> = AnyEvents> implements AsyncDisposable {
  /** The id of the last event that the client has received; `''` if it starts fresh. */
  readonly lastEventId: string

  readonly #sink: Sink
  readonly #outbox: Outbox
  readonly #options: KeptOptions
  readonly #heartbeat: Alarm | undefined
  readonly #lifetime: Alarm | undefined
  readonly #stopWatchingSignal: (() => void) | undefined

  #state: StreamState = 'open'
  #endReason: CloseReason = 'ended'
  #info: CloseInfo | undefined

  // Made when asked for: most of ten thousand streams never need them.
  #abort: AbortController | undefined
  #feeds: Feeds
  #closed: Deferred<CloseInfo> | undefined

  /**
   * Opens a stream on `sink`. The head of an HTTP response is the adapter's work: see `openStream` of
   * `eventwire/node` and its siblings.
   *
   * A sink that has already ended gives a closed stream.
   *
   * @param sink - any Node.js `Writable`, or a port to another kind of connection. The stream owns it:
   * it ends or destroys it.
   * @throws {TypeError} when the sink or an option has the wrong type.
   * @throws {RangeError} when an option is out of its range.
   */
  constructor(sink: WritableLike | Sink, options: SseStreamOptions<M> = {}) {
    const { kept, lastEventId, maxLifetimeMs, retryMs, signal } = resolveStreamOptions(options)
    this.#options = kept
    this.#sink = toSink(sink)
    this.#outbox = new Outbox(this.#sink, kept, this)
    this.lastEventId = lastEventId
    registry.counters.opened++
    registry.streams.add(this)
    watchers('eventwire:stream:open')?.publish({ stream: this })
    this.#outbox.open()
    // The client had left before: during an `await` for its permissions, say.
    if (this.#isGone()) return

    if (kept.heartbeatMs) {
      this.#heartbeat = new Alarm(this)
      this.#heartbeat.start(kept.heartbeatMs)
    }
    if (maxLifetimeMs !== undefined) {
      this.#lifetime = new Alarm(this)
      this.#lifetime.start(randomLifetime(maxLifetimeMs))
    }
    if (retryMs !== undefined) this.#outbox.add(encodeEvent({ retry: retryMs }))
    if (signal) {
      // Ends at once what takes its events, and cuts what does not.
      this.#stopWatchingSignal = onAbort(signal, () =>
        this.#outbox.isBlocked ? this[failed]('aborted') : this.#end('aborted'),
      )
    }
    registry.onOpen?.(this)
  }

  /** `'open'`; `'ending'` once it takes no more but still writes; `'closed'`. */
  get state(): StreamState {
    return this.#state
  }

  /**
   * Aborts as soon as the stream takes no more events, for whatever reason: hand it to the work that
   * feeds the stream. Its `reason` is an `AbortError` that names the {@link CloseReason}.
   */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#state !== 'open') this.#abort.abort(this.#abortReason())
    }
    return this.#abort.signal
  }

  /** Settles once, when the stream has closed, with the reason. Never rejects. */
  get closed(): Promise<CloseInfo> {
    if (this.#closed === undefined) {
      this.#closed = deferred()
      if (this.#info !== undefined) this.#closed.resolve(this.#info)
    }
    return this.#closed.promise
  }

  /** The UTF-8 bytes that wait for the client, here and in the sink. */
  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes
  }

  /**
   * Sends an event.
   *
   * It is taken unless the stream no longer is open (or the overflow policy drops it), whatever the
   * answer. `false` asks to wait for {@link SseStream.drained}, which settles at the close too.
   *
   * @returns `false` when the client has enough for now, or the stream takes no more.
   * @throws {TypeError} when the event is not one that the format, and the contract, can carry; nothing is written then.
   * @throws {RangeError} when `retry` or `id` is a number out of its range; nothing is written then.
   * @throws {SseError} `ERR_SSE_INVALID` when `validate` is on, and a client would refuse the data; nothing is written then.
   * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream}
   */
  send(event: EventOf<M>, options?: SendOptions): boolean {
    // What nobody will read is not encoded.
    if (this.#state !== 'open') return false
    const conflate =
      options === undefined
        ? options
        : optional('`conflate`', known(options, SEND_OPTIONS).conflate, 'string')
    const text = this.#encode(event)
    this.#flushFeeds()
    // Encoding, and whatever else runs the application's code, may have closed the stream.
    if (!this.#isOpen()) return false
    registry.counters.eventsSent++
    return this.#outbox.add(text, conflate)
  }

  /**
   * Sends a comment: text that clients ignore.
   *
   * @returns as {@link SseStream.send} does.
   * @throws {TypeError} when `text` is no string.
   */
  comment(text = ''): boolean {
    return this.#state === 'open' && this.#outbox.add(encodeEvent({ comment: text }))
  }

  /**
   * Sends all items of `source`, no faster than the client takes them where the source can wait.
   *
   * Strings, and bytes as UTF-8 text, are sent as data; objects as events; `toEvent` maps any item to
   * an event instead. When the stream closes, the source is cancelled: `return()`, `cancel()`,
   * `destroy()` or `unsubscribe()`.
   *
   * @returns settles when the source is done or the stream has closed. The stream stays open. A generator
   * hears of a close at its next `yield`, and its `finally` may run after this has settled; what it waits
   * for meanwhile can be ended by {@link SseStream.signal}.
   * @throws rejects with the source's own error, or with that of an item that cannot be sent; a
   * `TypeError` when `source` is none.
   */
  sendAll(source: Source<string | ArrayBufferView | EventOf<M>>): Promise<void>
  /** As above, with each item mapped to an event. */
  sendAll<Item>(
    source: Source<Item>,
    toEvent: (item: Item extends ArrayBufferView ? string : Item) => EventOf<M>,
  ): Promise<void>
  async sendAll(source: Source<unknown>, toEvent?: (item: never) => EventOf<M>): Promise<void> {
    optional('`toEvent`', toEvent, 'function')
    await pump(source, {
      push: (item) =>
        this.send(
          toEvent
            ? toEvent(item as never)
            : ((typeof item === 'string' ? { data: item } : item) as EventOf<M>),
        ),
      drained: () => this.drained(),
      onEnd: (listener) => {
        const feed = { onEnd: listener }
        this[attach](feed)
        return () => this[detach](feed)
      },
    })
  }

  /** Settles when nothing waits here for the client, or when the stream has closed: it always settles. */
  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  /**
   * Writes what is held, then ends the connection. A browser reconnects after that, unless it is
   * answered with `stop` then.
   *
   * A client that does not read is cut after `stallTimeoutMs`.
   *
   * @param farewell - a last event
   * @returns settles when the stream has closed, with the reason.
   * @throws rejects with a `TypeError` or `RangeError` when the event is not one that the
   * format can carry; the stream then stays open.
   */
  async end(farewell?: EventOf<M>): Promise<CloseInfo> {
    const isWritten = farewell !== undefined && this.#state === 'open'
    this.#end('ended', isWritten ? this.#encode(farewell) : '')
    return this.closed
  }

  /**
   * Cuts the connection now; what is held is dropped.
   *
   * @param error - makes the reason 'error' and is reported by `closed`; the client is not told
   */
  destroy(error?: Error): void {
    this[failed](error ? 'error' : 'ended', error)
  }

  /** Ends the stream at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  // What the outbox, the clock and a shutdown call: methods, since a function each would weigh on every
  // idle stream, and by symbols, since they are not for applications.

  /** @internal Gives the connection up. */
  [failed](reason: CloseReason, error?: Error): void {
    if (this.#isGone()) return
    this.#close(reason, error)
    try {
      this.#sink.destroy(reason === 'shutdown')
    } catch {
      // The connection is given up; there is nothing left that a failing sink could tell.
    }
  }

  /** @internal */
  [sinkEnded]({ reason, error }: SinkEnd): void {
    this.#close(reason === 'ended' ? this.#endReason : reason, error)
  }

  /** @internal */
  [ring](alarm: Alarm): void {
    if (alarm === this.#lifetime) {
      this.#end('lifetime')
      return
    }
    // It was not moved by each write: that would cost more than to look now and then.
    const heartbeatMs = this.#options.heartbeatMs as number
    const leftMs = this.#outbox.wroteMs + heartbeatMs - nowMs()
    if (leftMs > 0) alarm.startRoughly(leftMs, Math.ceil(heartbeatMs / 64))
    else {
      // Before it is written: the sink may end the stream then.
      alarm.start(heartbeatMs)
      this.#flushFeeds()
      if (this.#isOpen()) this.#outbox.remark(this.#heartbeatChunk())
    }
  }

  /** @internal */
  [shutDown](farewell: string | undefined): void {
    if (farewell === undefined) this[failed]('shutdown')
    else this.#end('shutdown', farewell, true)
  }

  /** @internal */
  [attach](feed: Feed): void {
    if (this.#state !== 'open') {
      feed.onEnd()
      return
    }
    const feeds = feedsOf(this.#feeds)
    if (feed.isResumable && feeds.some(({ isResumable }) => isResumable)) {
      throw wrongType('`resumable`', 'false for a second subscription', true)
    }
    this.#feeds = packed([...feeds, feed])
  }

  /** @internal */
  [detach](feed: Feed): void {
    this.#feeds = packed(feedsOf(this.#feeds).filter((other) => other !== feed))
  }

  /** @internal */
  [give](event: EncodedEvent): boolean {
    return this.#state === 'open' && this.#outbox.give(event)
  }

  /** @internal */
  get [outlet](): Outlet {
    return this.#outbox
  }

  #encode(event: EventOf<M>): string {
    const options = this.#options
    const sent = options.events?.outgoing(event as SseEvent, options) ?? (event as SseEvent)
    return encodeEvent(sent, options.serialize)
  }

  // Methods, for the compiler believes that a field keeps its value across calls.
  #isOpen(): boolean {
    return this.#state === 'open'
  }

  #isGone(): boolean {
    return this.#state === 'closed'
  }

  #end(reason: CloseReason, farewell = '', isLast = false): void {
    if (this.#state !== 'open') return
    this.#flushFeeds()
    // What was flushed may have been too much for the client.
    if (!this.#isOpen()) return
    this.#state = 'ending'
    this.#endReason = reason
    this.#outbox.end(farewell, isLast)
    this.#release()
  }

  #close(reason: CloseReason, error?: Error): void {
    if (this.#isGone()) return
    this.#state = 'closed'
    this.#info = { reason, ...(error && { error }) }
    registry.streams.delete(this)
    const { closed } = registry.counters
    closed[reason] ??= 0
    closed[reason]++
    this.#outbox.close()
    this.#release()
    this.#closed?.resolve(this.#info)
    watchers('eventwire:stream:close')?.publish({ stream: this, ...this.#info })
  }

  /** Lets go of all that only an open stream needs, and tells those who feed it. */
  #release(): void {
    this.#heartbeat?.stop()
    this.#lifetime?.stop()
    this.#stopWatchingSignal?.()
    const feeds = this.#feeds
    this.#feeds = undefined
    for (const feed of feedsOf(feeds)) feed.onEnd()
    this.#abort?.abort(this.#abortReason())
  }

  #abortReason(): DOMException {
    const reason = this.#info?.reason ?? this.#endReason
    return new DOMException(`The stream closed: ${reason}`, 'AbortError')
  }

  /** What channels have taken for this stream comes before what it is given now. */
  #flushFeeds(): void {
    for (const feed of feedsOf(this.#feeds)) feed.flush?.()
  }

  #heartbeatChunk(): SharedChunk {
    for (const feed of feedsOf(this.#feeds)) {
      const id = feed.positionToTell?.()
      // [spec] Set the last event ID string of the event source to the value of the last event ID buffer.
      // [spec] If the data buffer is an empty string, set the data buffer and the event type buffer to
      // [spec] the empty string and return.
      if (id !== undefined) return chunkOf({ comment: '', id })
    }
    return HEARTBEAT
  }
}

/** Between 80 and 100 %, in 32 steps, not in any number: the clock keeps a queue for each delay in use. */
function randomLifetime(maxLifetimeMs: number): number {
  return Math.ceil((maxLifetimeMs * (128 + Math.floor(Math.random() * 33))) / 160)
}

function chunkOf(event: SseEvent): SharedChunk {
  const text = encodeEvent(event)
  return {
    text,
    byteLength: byteLength(text),
    // Each time anew: whoever reads a body may take the memory of what it gets.
    get encoded() {
      return encodeText(text)
    },
  }
}
