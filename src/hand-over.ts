// One subscriber's way from a channel's history to what is live: nothing lost, repeated or out of order.

import { admits, type Judge, type Scope } from './audience.js'
import type { EncodedEvent } from './chunk.js'
import { type Deferred, deferred } from './deferred.js'
import { watchers } from './diagnostics.js'
import { SseError } from './errors.js'
import { encodeEvent, type SseEvent } from './event.js'
import { type Fed, give } from './feed.js'
import type { Following } from './following.js'
import { bytesOf, type LogPage, type LogRecord, type NewRecord } from './log.js'
import { Publication } from './publication.js'
import { ignore } from './put-away.js'
import { registry } from './registry.js'
import { discard, pump, type Source } from './source.js'
import { byteLength } from './utf8.js'

/**
 * How a subscription began: `'fresh'`, without an id; `'resumed'`, with exactly what came after the client's last id;
 * `'gap'`, where some of that is gone, or the id is unknown.
 */
export type Resume = 'fresh' | 'resumed' | 'gap'

/** What a hand-over needs of its channel. */
export interface Archive {
  readonly following: Following
  /** The channel's. */
  readonly name: string
  readonly judge: Judge
  /** Gives the record of an event of the snapshot. */
  recordOf(event: SseEvent): NewRecord
  readonly deserialize: (text: string) => unknown
  readonly gapEvent: string | false
  readonly hasSnapshot: boolean
  /** Calls the application's `snapshot`. */
  snapshot(topics: readonly string[], stream: Recipient): unknown
  /** Asks the log, until it answers or `isOver`. */
  since(id: string, isOver: () => boolean): Promise<LogPage | undefined>
  compare(one: string, other: string): number
  /** Delivers what is on its way to those who are live. Runs the application's code, which may do anything. */
  flush(): void
  publicationOf(record: LogRecord): Publication
}

/** The stream that is to be brought up to date. */
export interface Recipient extends Fed {
  readonly signal: AbortSignal
  drained(): Promise<void>
  destroy(error: Error): void
}

/**
 * How much that is live waits for a client that is still given what came before. Beyond that it is dropped
 * here, and read from the log in its turn: a client that reads slowly costs no more for being new.
 */
const MAX_QUEUED_BYTES = 1_048_576

/** What a record takes besides its texts. */
const RECORD_BYTES = 128

/** One subscriber's way, from where its client stopped to what is live. */
export class HandOver {
  resume: Resume
  replayed = 0
  readonly #archive: Archive
  readonly #stream: Recipient
  readonly #scope: Scope
  /** What has been published since the log was last asked. */
  #queue: LogRecord[] = []
  #queuedBytes = 0
  #isQueueFull = false
  /** The stream was given what it is to see up to this position. */
  #cursor: string
  /** The last id that the client was given. */
  #told: string
  /** The client has enough for now. */
  #hasEnough = false
  #isOver = false
  /** What is to hear, once, that it is over. */
  readonly #waits = new Set<() => void>()
  #published: Deferred<void> | undefined

  /** @param lastEventId - the last that the client has; `''` if it starts fresh */
  constructor(archive: Archive, stream: Recipient, scope: Scope, lastEventId: string) {
    this.#archive = archive
    this.#stream = stream
    this.#scope = scope
    this.#cursor = lastEventId
    this.#told = lastEventId
    this.resume = lastEventId === '' ? 'fresh' : 'resumed'
  }

  /** The stream was given what it is to see up to this position; `''` if none is known yet. */
  get position(): string {
    return this.#cursor
  }

  /** Takes what is published meanwhile. */
  take(record: LogRecord): void {
    if (!this.#isQueueFull) {
      this.#queue.push(record)
      this.#queuedBytes += RECORD_BYTES + bytesOf(record)
      if (this.#queuedBytes > MAX_QUEUED_BYTES) this.restart()
    }
    this.#published?.resolve()
  }

  /** Asks the log for what was published meanwhile: the queue has not got all of it. */
  restart(): void {
    this.#clearQueue()
    this.#isQueueFull = true
    this.#published?.resolve()
  }

  /** Ends it where it is; `run` settles soon. */
  stop(): void {
    this.#isOver = true
    for (const stop of this.#waits) stop()
    this.#waits.clear()
  }

  /**
   * Sends what the subscriber is to get before what is live.
   *
   * Does all of it at once where nothing has to be waited for: a fresh subscriber hears of whatever is published
   * next, in the same synchronous run even.
   *
   * @param onLive - called, unless it was stopped, with the position that has been reached, in the same
   * synchronous run in which it is known that nothing else lies before what is live
   * @throws {SseError} rejects with `ERR_SSE_SNAPSHOT`.
   */
  async run(onLive: (position: string) => void): Promise<void> {
    const { following, hasSnapshot, compare, flush } = this.#archive
    const joinedAt = following.position
    if (joinedAt === undefined) await this.#orOver(following.started)
    if (this.#isOver) return
    if (this.#cursor !== '') await this.#replay()
    else if (hasSnapshot) await this.#sendSnapshot()
    else this.#cursor = joinedAt ?? following.startedAt

    while (!this.#isOver) {
      if (this.#hasEnough) await this.#untilDrained()
      else if (this.#isQueueFull) await this.#replay()
      else if (compare(this.#cursor, following.position as string) > 0) {
        // The log has shown records that it has yet to tell of: they are not to come twice.
        this.#published = deferred()
        await this.#orOver(this.#published.promise)
        // It went on without the last of them: its engine has lost some.
        const isMissing = this.#queue.every(({ id }) => id !== this.#cursor)
        if (isMissing && compare(this.#cursor, following.position as string) <= 0) this.restart()
      } else {
        // What is on its way to the others is in the queue, or was given before.
        flush()
        if (this.#queue.length > 0) this.#release()
        else if (!this.#isQueueFull && !this.#isOver) {
          this.#tellPosition()
          if (!this.#isOver) onLive(this.#cursor)
          return
        }
      }
    }
  }

  /** Sends what is in the queue. A filter may publish more, which goes into the next one. */
  #release(): void {
    const { compare } = this.#archive
    const queue = this.#queue
    this.#clearQueue()
    for (const record of queue) {
      if (compare(record.id, this.#cursor) > 0) this.#send(record)
    }
  }

  #tellPosition(): void {
    // What it was not to see, its client has to know of too: when all those are gone, that is no gap.
    if (this.#scope.isNumbered && this.#told !== this.#cursor) {
      const text = encodeEvent({ id: this.#cursor })
      this.#stream[give]({ text, bytes: byteLength(text), isNumbered: true })
    }
  }

  async #replay(): Promise<void> {
    for (let more = true; more; ) {
      // What has been published so far will be in the answer.
      this.#clearQueue()
      const page = await this.#orOver(this.#archive.since(this.#cursor, () => this.#isOver))
      if (page === undefined) return
      if (!page.complete) {
        this.#tellGap(page.from)
        if (this.#archive.hasSnapshot) return this.#sendSnapshot()
      }
      for (const record of page.records) {
        if (this.#send(record)) {
          this.replayed++
          registry.counters.replayed++
        }
        if (this.#hasEnough) await this.#untilDrained()
        if (this.#isOver) return
      }
      more = page.more
    }
  }

  /** Gives the stream a record, if it is to see it. */
  #send(record: LogRecord): boolean {
    const { judge, publicationOf } = this.#archive
    const publication = publicationOf(record)
    this.#cursor = record.id
    if (!admits(this.#scope, record.topic, publication, judge)) return false
    this.#give(this.#scope.isNumbered ? publication.numbered : publication.plain, record.id)
    return true
  }

  /** @param from - the position after which records are kept */
  #tellGap(from: string): void {
    const { name: channel, gapEvent, hasSnapshot } = this.#archive
    this.resume = 'gap'
    registry.counters.gaps++
    const lastEventId = this.#cursor
    watchers('eventwire:channel:gap')?.publish({
      channel,
      stream: this.#stream,
      lastEventId,
    })
    if (gapEvent !== false) {
      // With the snapshot's position the client would resume behind a snapshot that it may never have got.
      const id = this.#scope.isNumbered && !hasSnapshot ? from : undefined
      const text = encodeEvent({ event: gapEvent, data: { lastEventId }, id })
      this.#give({ text, bytes: byteLength(text), isNumbered: id !== undefined }, id)
    }
    this.#cursor = from
  }

  async #sendSnapshot(): Promise<void> {
    const { following, judge, recordOf, deserialize } = this.#archive
    const { topics, filter, isNumbered } = this.#scope
    // What was published before is in the snapshot.
    this.#clearQueue()
    const id = following.position as string
    let last: Publication | undefined
    const push = (item: unknown) => {
      const event = (typeof item === 'string' ? { data: item } : item) as SseEvent
      const publication = new Publication({ ...recordOf(event), id }, deserialize, '')
      if (filter !== undefined && !judge(filter, publication)) return true
      // Only the last has the id: a client cut before that has no snapshot, and gets all of it anew.
      if (last !== undefined) this.#give(last.plain)
      last = publication
      return !this.#hasEnough
    }
    try {
      const made = this.#archive.snapshot(topics, this.#stream)
      if (isPromise(made)) made.then((late) => this.#isOver && discard(late), ignore)
      const source = isPromise(made) ? await this.#orOver(made) : made
      if (this.#isOver) return discard(source)
      // Read at once where that can be done: it stands for this moment.
      await pump((isIterable(source) ? [...source] : source) as Source<unknown>, {
        push,
        drained: () => this.#untilDrained(),
        onEnd: (listener) => {
          if (this.#isOver) listener()
          else this.#waits.add(listener)
          return () => this.#waits.delete(listener)
        },
      })
    } catch (cause) {
      throw new SseError('ERR_SSE_SNAPSHOT', 'The snapshot has failed', { cause })
    }
    this.#cursor = id
    const complete = last as Publication | undefined
    if (complete !== undefined && !this.#isOver) {
      this.#give(isNumbered ? complete.numbered : complete.plain, id)
    }
  }

  #give(event: EncodedEvent, id?: string): void {
    registry.counters.eventsSent++
    if (!this.#stream[give](event)) this.#hasEnough = true
    if (id !== undefined) this.#told = id
  }

  async #untilDrained(): Promise<void> {
    this.#hasEnough = false
    await this.#orOver(this.#stream.drained())
  }

  #clearQueue(): void {
    this.#queue = []
    this.#queuedBytes = 0
    this.#isQueueFull = false
  }

  /** Whatever waits also waits for the end: gives `undefined` then. */
  #orOver<T>(promise: PromiseLike<T>): Promise<T | undefined> {
    // Not a race against one promise of the end: that would hold the outcome of each race until then.
    return new Promise((resolve, reject) => {
      const stop = () => resolve(undefined)
      if (this.#isOver) stop()
      this.#waits.add(stop)
      const settle = (outcome: () => void) => {
        this.#waits.delete(stop)
        outcome()
      }
      promise.then(
        (result) => settle(() => resolve(this.#isOver ? undefined : result)),
        (error) => settle(() => reject(error)),
      )
    })
  }
}

/** Tells whether something is to be waited for. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
