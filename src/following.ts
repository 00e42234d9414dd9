// What a channel hears of its log, from its first subscriber on.

import { Alarm, ring } from './clock.js'
import { type Deferred, deferred } from './deferred.js'
import type { EventLog, LogFollower, LogRecord, Unfollow } from './log.js'

/** Whom a following tells. */
export interface Listener {
  onRecord(record: LogRecord): void
  /** Records after `seen` may be missing. */
  onRestart(seen: string): void
  onLogError(error: unknown): void
}

/** One channel's following of its log. */
export class Following implements LogFollower {
  readonly #listener: Listener
  readonly #started: Deferred<void> = deferred()
  readonly #unfollow: Promise<Unfollow | undefined>
  #position: string | undefined
  #startedAt = ''
  #isOver = false

  constructor(log: EventLog, channel: string, listener: Listener) {
    this.#listener = listener
    this.#unfollow = persist(
      () => log.follow(channel, this),
      () => this.#isOver,
      (error) => listener.onLogError(error),
    )
  }

  /** Settles when the log has begun to tell. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** The newest position that the log has told; `undefined` before it began. */
  get position(): string | undefined {
    return this.#position
  }

  /** The position from which on it has told. */
  get startedAt(): string {
    return this.#startedAt
  }

  start(position: string): void {
    if (this.#isOver) return
    const seen = this.#position
    this.#position = position
    if (seen === undefined) {
      this.#startedAt = position
      this.#started.resolve()
    } else this.#listener.onRestart(seen)
  }

  next(record: LogRecord): void {
    if (this.#isOver) return
    this.#position = record.id
    this.#listener.onRecord(record)
  }

  /** Settles when the log tells no more, or at once if it has not begun: it is ended then when it begins. */
  async stop(): Promise<void> {
    this.#isOver = true
    const unfollowed = this.#unfollow
      .then((unfollow) => unfollow?.())
      .catch((error) => this.#listener.onLogError(error))
    if (this.#position !== undefined) await unfollowed
  }
}

const FIRST_WAIT_MS = 1_000
const LAST_WAIT_MS = 16_000

/** Tries until it is done, at longer and longer intervals, or until nobody wants it any more. */
export async function persist<T>(
  attempt: () => Promise<T>,
  isOver: () => boolean,
  report: (error: unknown) => void,
): Promise<T | undefined> {
  for (let waitMs = FIRST_WAIT_MS; !isOver(); waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
    try {
      return await attempt()
    } catch (error) {
      if (!isOver()) report(error)
    }
    await new Promise<void>((resolve) => new Alarm({ [ring]: () => resolve() }).start(waitMs))
  }
  return undefined
}
