// How wire text leaves for one client: a chunk a tick, no faster than the client takes it.

import { Backlog, type OverflowPolicy } from './backlog.js'
import type { Chunk, EncodedEvent, SharedChunk } from './chunk.js'
import { Alarm, NEVER, nowMs, type Ringable, ring } from './clock.js'
import { type Deferred, deferred } from './deferred.js'
import { watchers } from './diagnostics.js'
import type { Outlet } from './feed.js'
import { registry } from './registry.js'
import type { Sink, SinkEnd, SinkListener } from './sink.js'
import { currentTurn, isPast, nextTurn } from './turn.js'
import { byteLength, encodeText } from './utf8.js'

/** What a slow client may cost. */
export interface OutboxLimits {
  readonly maxBufferedBytes: number
  readonly overflow: OverflowPolicy
  readonly stallTimeoutMs: number | false
}

export const failed: unique symbol = Symbol('failed')
export const sinkEnded: unique symbol = Symbol('sinkEnded')

/** Whom the outbox tells, by methods that its applications do not see. */
export interface OutboxOwner {
  /** The client, or the sink, is to be given up. */
  [failed](reason: 'overflow' | 'stalled' | 'error', error?: Error): void
  /** The connection has ended. */
  [sinkEnded](end: SinkEnd): void
}

/**
 * What is handed to the sink at once. The rest of a longer chunk follows as the client takes it, so that
 * a slow client is seen to move, and what it leaves lying is counted here.
 */
const PIECE_BYTES = 65_536

/**
 * What one client is given in one turn of the event loop. A source that never runs dry, and a client that
 * reads as fast, would otherwise keep the loop from everything else.
 */
const TURN_BYTES = 262_144

/** How often a blocked client is looked at: for the stall timeout, and for more than it may leave lying. */
const WATCH_MS = 5_000

/** What is on its way to one client. */
export class Outbox implements SinkListener, Ringable, Outlet {
  // What each chunk of a channel looks at, close together: with thousands of streams each is a memory access.
  readonly #sink: Sink
  /** The sink has enough: everything waits for its drain. */
  #isBlocked = false
  #isClosed = false
  /** Whether the sink is to end once all has left, for good with its connection, or was told to. */
  #ending: 'due' | 'last' | 'done' | undefined
  /** What was added in this synchronous run and leaves at its end. */
  #tick = ''
  /** What was written in the turn of the last write so far. */
  turnBytes = 0
  #turn = 0
  /** The turn of the last write behind which nothing waited here. */
  #keptUpTurn = 0
  /** When something was written last, or the connection was opened. */
  wroteMs = nowMs()

  readonly #limits: OutboxLimits
  readonly #owner: OutboxOwner
  #isFlushScheduled = false
  /** What is left of a chunk that was too long to hand over at once. */
  #rest: Uint8Array | undefined
  /** What was added while the sink had enough. */
  #backlog: Backlog | undefined
  #isTurnAwaited = false
  #isDrainDue = false
  #watch: Alarm | undefined
  #patienceMs = 0
  #drained: Deferred<void> | undefined

  constructor(sink: Sink, limits: OutboxLimits, owner: OutboxOwner) {
    this.#sink = sink
    this.#limits = limits
    this.#owner = owner
  }

  /** Begins to hear of the sink, which may have ended already. */
  open(): void {
    this.#sink.attach(this)
  }

  /** The UTF-8 bytes that wait for the client, here and in the sink. */
  get bufferedBytes(): number {
    return this.#isClosed
      ? 0
      : byteLength(this.#tick) + (this.#backlog?.bytes ?? 0) + this.#handedBytes
  }

  /** Whether the client has left lying what it was given. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /** Whether nothing waits here; the sink may still hold something that it had room for. */
  get isDrained(): boolean {
    return this.#isClosed || (this.#tick === '' && !this.#isBlocked)
  }

  /** Settles when nothing waits here and it is this client's turn again, or when the outbox is closed. */
  drained(): Promise<void> {
    this.#drained ??= deferred()
    const { promise } = this.#drained
    this.#settleDrained()
    return promise
  }

  /**
   * Takes the text of one event; it leaves at the end of this synchronous run.
   *
   * @returns `false` when it would be wise to wait for `drained`.
   */
  add(text: string, conflate?: string): boolean {
    if (this.#isBlocked) return this.give({ text, bytes: byteLength(text), conflate })
    this.#tick += text
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true
      queueMicrotask(() => {
        this.#isFlushScheduled = false
        this.#flush()
      })
    }
    return this.#tick.length < PIECE_BYTES && !this.#hasHadItsTurn
  }

  /** As {@link Outbox.add}, with an event that is encoded already. */
  give(event: EncodedEvent): boolean {
    if (!this.#isBlocked) return this.add(event.text)
    this.#hold(event)
    return false
  }

  /** Takes a chunk that other outboxes are given too; it leaves now. */
  deliver(chunk: Chunk): void {
    if (this.#isClosed || this.#ending) return
    registry.counters.eventsSent += chunk.count
    // A sink may do anything in its `write`: nothing comes between the pieces of an earlier chunk.
    if (this.#isBlocked || this.#rest) {
      for (const event of chunk.events) this.#hold(event)
    } else if (this.#tick !== '') {
      this.#tick += chunk.text
      this.#flush()
    } else if (chunk.byteLength <= PIECE_BYTES) this.#write(chunk, chunk.byteLength)
    else {
      this.#rest = chunk.encoded
      this.#pour()
    }
  }

  /** Takes a comment that other outboxes are given too; it leaves now, unless something waits. */
  remark(comment: SharedChunk): void {
    // A heartbeat would only add to what a blocked client leaves lying.
    if (this.isDrained && !this.#rest) this.#write(comment, comment.byteLength)
  }

  /**
   * Takes a last text, also where the backlog is full, and ends the sink after everything has left.
   *
   * @param isLast - the connection is to end with it
   */
  end(text: string, isLast: boolean): void {
    if (!this.#isBlocked) this.#tick += text
    else if (text !== '') this.#held.add({ text, bytes: byteLength(text) }, 0, false)
    this.#ending = isLast ? 'last' : 'due'
    this.#flush()
    this.#endSink()
  }

  /** Drops what is held: the connection is gone. */
  close(): void {
    this.#isClosed = true
    this.#tick = ''
    this.#rest = undefined
    this.#backlog = undefined
    this.#watch?.stop()
    this.#settleDrained()
  }

  /** Writes on: the sink has room again. */
  onDrain(): void {
    if (this.#isClosed || !this.#isBlocked) return
    if (this.#ending === 'done') this.#startWatch()
    else if (this.#hasHadItsTurn) {
      this.#isDrainDue = true
      this.#awaitTurn()
    } else {
      this.#isBlocked = false
      this.#pour()
      if (!this.#isBlocked) this.#watch?.stop()
      this.#settleDrained()
    }
  }

  onClose(end: SinkEnd): void {
    this.#owner[sinkEnded](end)
  }

  /** Bytes handed over, or begun to be, that the client has not taken. */
  get #handedBytes(): number {
    return this.#sink.bufferedBytes + (this.#rest?.length ?? 0)
  }

  get #held(): Backlog {
    this.#backlog ??= new Backlog(this.#limits.maxBufferedBytes, this.#limits.overflow)
    return this.#backlog
  }

  #hold(event: EncodedEvent): void {
    // An earlier one of the same chunk may have been one too many.
    if (this.#isClosed) return
    const isSlow = isPast(this.#keptUpTurn)
    const dropped = this.#held.add(event, this.#handedBytes, isSlow)
    if (dropped === 'overflow') this.#overflow()
    else if (dropped > 0) this.#overflow(dropped)
  }

  #overflow(dropped = 0): void {
    registry.counters.dropped += dropped
    watchers('eventwire:stream:overflow')?.publish({ stream: this.#owner, dropped })
    if (dropped === 0) this.#owner[failed]('overflow')
  }

  #flush(): void {
    const text = this.#tick
    if (text === '') return
    this.#tick = ''
    if (this.#isBlocked || this.#rest) this.#hold({ text, bytes: byteLength(text) })
    else {
      this.#handOver(text)
      this.#pour()
    }
    this.#settleDrained()
  }

  #handOver(text: string): void {
    if (text.length <= PIECE_BYTES) this.#write(text, byteLength(text))
    else this.#rest = encodeText(text)
  }

  /** Hands over what waits, piece by piece, until the sink has enough. */
  #pour(): void {
    while (!this.#isBlocked && !this.#isClosed) {
      const rest = this.#rest
      if (rest !== undefined) {
        const isLast = rest.length <= PIECE_BYTES
        const piece = isLast ? rest : rest.subarray(0, PIECE_BYTES)
        this.#write(piece, piece.length)
        if (!this.#isClosed) this.#rest = isLast ? undefined : rest.subarray(PIECE_BYTES)
      } else if (this.#backlog?.bytes) this.#handOver(this.#backlog.take(PIECE_BYTES))
      else break
    }
    if (this.#ending) this.#endSink()
  }

  #write(chunk: string | Uint8Array | SharedChunk, bytes: number): void {
    let hasRoom: boolean
    try {
      hasRoom =
        typeof chunk === 'string' || ArrayBuffer.isView(chunk)
          ? this.#sink.write(chunk)
          : (this.#sink.writeShared?.(chunk) ?? this.#sink.write(chunk.text))
    } catch (error) {
      this.#owner[failed]('error', error as Error)
      return
    }
    if (this.#isClosed) return
    registry.counters.bytesSent += bytes
    const turn = currentTurn()
    if (turn !== this.#turn) this.turnBytes = 0
    this.#turn = turn
    // A client that takes a piece of what waits has not kept up yet.
    if (!this.#backlog?.bytes) this.#keptUpTurn = turn
    this.turnBytes += bytes
    this.wroteMs = nowMs()
    if (hasRoom) return
    this.#isBlocked = true
    this.#startWatch()
  }

  /** Ends the sink once everything has been handed to it. */
  #endSink(): void {
    if (this.#isClosed || this.#ending === 'done' || this.#rest || this.#backlog?.bytes) return
    const isLast = this.#ending === 'last'
    this.#ending = 'done'
    // It may hold a piece still, and the client may never take it.
    this.#isBlocked = true
    this.#startWatch()
    try {
      this.#sink.end(isLast)
    } catch (error) {
      this.#owner[failed]('error', error as Error)
    }
  }

  /** Starts to watch a client that has not taken what it was given, or starts over after it took some. */
  #startWatch(): void {
    this.#patienceMs = this.#limits.stallTimeoutMs || NEVER
    this.#watch ??= new Alarm(this)
    this.#watch.start(Math.min(this.#patienceMs, WATCH_MS))
  }

  /** Looks after a client that has left something lying for a while. */
  [ring](): void {
    const { maxBufferedBytes, overflow } = this.#limits
    this.#patienceMs -= WATCH_MS
    // It was given more than the bound in one turn, and has taken nothing of it since.
    if (overflow === 'close' && this.bufferedBytes > maxBufferedBytes) {
      this.#overflow()
    } else if (this.#patienceMs <= 0) this.#owner[failed]('stalled')
    else this.#watch?.start(Math.min(this.#patienceMs, WATCH_MS))
  }

  #settleDrained(): void {
    if (this.#drained === undefined || !this.isDrained) return
    if (this.#hasHadItsTurn) this.#awaitTurn()
    else {
      this.#drained.resolve()
      this.#drained = undefined
    }
  }

  get #hasHadItsTurn(): boolean {
    return this.turnBytes > TURN_BYTES && !this.#isClosed
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    nextTurn(() => {
      this.#isTurnAwaited = false
      this.turnBytes = 0
      if (this.#isDrainDue) {
        this.#isDrainDue = false
        this.onDrain()
      } else this.#settleDrained()
    })
  }
}
