// One channel as one node hears it: live while nothing is missing, and read from the log where something is.

import { Alarm, ring } from '../clock.js'
import type { LogFollower, LogRecord } from '../log.js'
import type { RedisPage } from './reader.js'
import { comparePositions, nextId, type Position, positionOf } from './redis-id.js'
import { recordOf } from './redis-record.js'

/** Gives what comes after a position; of an absent one only where the log stands. Waits while Redis is away. */
export type Read = (after: string | undefined) => Promise<RedisPage>

/** How many characters may wait here while the log is read. Beyond that they are dropped, and read in their turn. */
const MAX_WAITING = 1_048_576
/** After a failure. */
const RETRY_MS = 1_000

/**
 * Tells its followers of each record once, in order.
 *
 * A message is delivered if it is the very next one. Anything else says that some were missed, whatever the reason; then, and
 * whenever the subscription has begun anew, the log is read from the last position on, before anything newer is delivered.
 */
export class FollowedChannel {
  readonly #read: Read
  readonly #followers = new Set<LogFollower>()
  /** Those that wait for the beginning. */
  readonly #arriving = new Map<LogFollower, { begin: () => void; fail: (error: unknown) => void }>()
  #position: Position | undefined
  /** The newest that clients were shown by reads of their own; `''` for none. What is heard may be behind. */
  #shown = ''
  #isReading = false
  /** There is more to read than what is being read. */
  #isStale = false
  #waiting: string[] = []
  #waitingSize = 0
  #isClosed = false
  readonly #retry = new Alarm({ [ring]: () => void this.catchUp() })

  constructor(read: Read) {
    this.#read = read
  }

  /** Whether nobody follows it. */
  get isEmpty(): boolean {
    return this.#followers.size + this.#arriving.size === 0
  }

  /** Settles when the follower has begun. */
  add(follower: LogFollower): Promise<void> {
    if (this.#position !== undefined) {
      follower.start(this.#position.id)
      this.#followers.add(follower)
      return Promise.resolve()
    }
    return new Promise((begin, fail) => this.#arriving.set(follower, { begin, fail }))
  }

  remove(follower: LogFollower): void {
    this.#followers.delete(follower)
    this.#arriving.delete(follower)
  }

  /** Ends it; those that wait hear why. */
  close(error: unknown): void {
    this.#isClosed = true
    this.#retry.stop()
    this.refuse(error)
  }

  /** Those that wait need not wait. */
  refuse(error: unknown): void {
    for (const { fail } of this.#arriving.values()) fail(error)
    this.#arriving.clear()
  }

  onMessage(text: string): void {
    if (!this.#isReading) {
      this.#take(text)
      return
    }
    this.#waiting.push(text)
    this.#waitingSize += text.length
    if (this.#waitingSize > MAX_WAITING) {
      this.#takeWaiting()
      this.#isStale = true
    }
  }

  /** Hears where the log stood when somebody was shown what is in it. */
  onShown(last: string): void {
    if (this.#position === undefined) return
    if (this.#shown === '' || comparePositions(last, this.#shown) > 0) this.#shown = last
    // The keys have gone, and no message says so before the next event.
    if (positionOf(last)?.epoch !== this.#position.epoch) void this.catchUp()
  }

  /** Reads what came after the last position. */
  async catchUp(): Promise<void> {
    if (this.#isReading) {
      this.#isStale = true
      return
    }
    this.#isReading = true
    try {
      do {
        this.#isStale = false
        const shown = this.#shown
        const page = await this.#read(this.#position?.id)
        if (this.#isClosed) return
        this.#turn(page, shown)
      } while (this.#isStale)
    } catch (error) {
      this.refuse(error)
      this.#takeWaiting()
      if (!this.#isClosed) this.#retry.start(RETRY_MS)
    }
    this.#isReading = false
  }

  #turn({ complete, last, records }: RedisPage, shown: string): void {
    if (this.#position === undefined) this.#begin(last)
    // Nothing where something has to be: somebody else has taken it.
    else if (!complete || (records.length === 0 && this.#position.id !== last)) this.#restart(last)
    // What is gone was not heard here, but shown to clients.
    else if (comparePositions(last, shown) < 0) this.#restart(last)
    else {
      for (const record of records) this.#deliver(record, positionOf(record.id) as Position)
    }
    if (this.#position?.id !== last) this.#isStale = true
    for (const text of this.#takeWaiting()) this.#take(text)
  }

  #takeWaiting(): string[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingSize = 0
    return waiting
  }

  #begin(last: string): void {
    this.#position = positionOf(last)
    for (const [follower, { begin }] of this.#arriving) {
      follower.start(last)
      this.#followers.add(follower)
      begin()
    }
    this.#arriving.clear()
  }

  /** Some of it is gone: each subscriber is told by the channel, which asks for what is still there. */
  #restart(last: string): void {
    this.#position = positionOf(last)
    this.#shown = ''
    for (const follower of this.#followers) follower.start(last)
  }

  #take(text: string): void {
    const position = this.#position
    const id = text.slice(0, text.indexOf(' '))
    if (position !== undefined && id === nextId(position)) {
      const record = recordOf(id, text.slice(id.length + 1))
      this.#deliver(record, { ...position, id, number: position.number + 1 })
      return
    }
    const other = positionOf(id)
    const isOld =
      other !== undefined &&
      other.epoch === position?.epoch &&
      other.term === position.term &&
      other.number <= position.number
    if (isOld) return
    if (this.#isReading) this.#isStale = true
    else void this.catchUp()
  }

  #deliver(record: LogRecord, position: Position): void {
    this.#position = position
    for (const follower of this.#followers) follower.next(record)
  }
}
