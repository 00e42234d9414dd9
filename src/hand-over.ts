// One subscriber's way from a channel's history to what is live: nothing lost, repeated or out of order.

import { admits, type Judge, type Scope } from './audience.js'
import type { EncodedEvent } from './chunk.js'
import { isPromise } from './deferred.js'
import { watchers } from './diagnostics.js'
import { Ending } from './ending.js'
import { SseError } from './errors.js'
import { encodeEvent, type SseEvent } from './event.js'
import { type Fed, give } from './feed.js'
import type { Following } from './following.js'
import { LiveQueue } from './live-queue.js'
import type { LogPage, LogRecord, NewRecord } from './log.js'
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

/** One subscriber's way, from where its client stopped to what is live. */
export class HandOver {
  /** Takes what is published meanwhile. Once it is given up, the log is asked for that instead. */
  readonly queue = new LiveQueue()
  /** Ends it where it is; `run` settles soon. */
  readonly ending = new Ending()
  /** The stream was given what it is to see up to here; `''` if that is not known yet. */
  position: string
  resume: Resume
  replayed = 0
  readonly #archive: Archive
  readonly #stream: Recipient
  readonly #scope: Scope
  /** The last id that the client was given. */
  #told: string
  /** The client has enough for now. */
  #hasEnough = false

  /** @param lastEventId - the last that the client has; `''` if it starts fresh */
  constructor(archive: Archive, stream: Recipient, scope: Scope, lastEventId: string) {
    this.#archive = archive
    this.#stream = stream
    this.#scope = scope
    this.position = lastEventId
    this.#told = lastEventId
    this.resume = lastEventId === '' ? 'fresh' : 'resumed'
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
    if (joinedAt === undefined) await this.ending.orOver(following.started)
    if (this.ending.isOver) return
    if (this.position !== '') await this.#replay()
    else if (hasSnapshot) await this.#sendSnapshot()
    else this.position = joinedAt ?? following.startedAt

    while (!this.ending.isOver) {
      if (this.#hasEnough) await this.#untilDrained()
      else if (this.queue.isGivenUp) await this.#replay()
      else if (compare(this.position, following.position as string) > 0) {
        // The log has shown records that it has yet to tell of: they are not to come twice.
        await this.ending.orOver(this.queue.added())
        // It went on without the last of them: its engine has lost some.
        const isMissing = this.queue.records.every(({ id }) => id !== this.position)
        if (isMissing && compare(this.position, following.position as string) <= 0)
          this.queue.giveUp()
      } else {
        // What is on its way to the others is in the queue, or was given before.
        flush()
        if (this.queue.records.length > 0) this.#release()
        else if (!this.queue.isGivenUp && !this.ending.isOver) {
          this.#tellPosition()
          if (!this.ending.isOver) onLive(this.position)
          return
        }
      }
    }
  }

  /** Sends what is in the queue. A filter may publish more, which goes into the next one. */
  #release(): void {
    const { compare } = this.#archive
    const { records } = this.queue
    this.queue.clear()
    for (const record of records) {
      if (compare(record.id, this.position) > 0) this.#send(record)
    }
  }

  #tellPosition(): void {
    // What it was not to see, its client has to know of too: when all those are gone, that is no gap.
    if (this.#scope.isNumbered && this.#told !== this.position) {
      const text = encodeEvent({ id: this.position })
      this.#stream[give]({ text, bytes: byteLength(text), isNumbered: true })
    }
  }

  async #replay(): Promise<void> {
    for (let more = true; more; ) {
      // What has been published so far will be in the answer.
      this.queue.clear()
      const page = await this.ending.orOver(
        this.#archive.since(this.position, () => this.ending.isOver),
      )
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
        if (this.ending.isOver) return
      }
      more = page.more
    }
  }

  /** Gives the stream a record, if it is to see it. */
  #send(record: LogRecord): boolean {
    const { judge, publicationOf } = this.#archive
    const publication = publicationOf(record)
    this.position = record.id
    if (!admits(this.#scope, record.topic, publication, judge)) return false
    this.#give(this.#scope.isNumbered ? publication.numbered : publication.plain, record.id)
    return true
  }

  /** @param from - the position after which records are kept */
  #tellGap(from: string): void {
    const { name: channel, gapEvent, hasSnapshot } = this.#archive
    this.resume = 'gap'
    registry.counters.gaps++
    const lastEventId = this.position
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
    this.position = from
  }

  async #sendSnapshot(): Promise<void> {
    const { following, judge, recordOf, deserialize } = this.#archive
    const { topics, filter, isNumbered } = this.#scope
    // What was published before is in the snapshot.
    this.queue.clear()
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
      if (isPromise(made)) made.then((late) => this.ending.isOver && discard(late), ignore)
      const source = isPromise(made) ? await this.ending.orOver(made) : made
      if (this.ending.isOver) return discard(source)
      // Read at once where that can be done: it stands for this moment.
      await pump((isIterable(source) ? [...source] : source) as Source<unknown>, {
        push,
        drained: () => this.#untilDrained(),
        onEnd: (listener) => this.ending.onEnd(listener),
      })
    } catch (cause) {
      throw new SseError('ERR_SSE_SNAPSHOT', 'The snapshot has failed', { cause })
    }
    this.position = id
    const complete = last as Publication | undefined
    if (complete !== undefined && !this.ending.isOver) {
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
    await this.ending.orOver(this.#stream.drained())
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
