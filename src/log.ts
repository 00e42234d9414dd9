// Where a channel's events get their ids, order and history: the contract that every engine keeps.

import { byteLength } from './utf8.js'

/** What a channel hands to its log: the fields of one event, data as text. */
export interface NewRecord {
  /** The event's name. */
  readonly event?: string | undefined
  /** What it carries, as the client will see it. */
  readonly data?: string | undefined
  /** Whether `data` was made by `serialize`: a filter then sees what `deserialize` reads from it. */
  readonly isSerialized?: boolean | undefined
  /** The reconnection time that it sets. */
  readonly retry?: number | undefined
  /** Text that clients ignore. */
  readonly comment?: string | undefined
  /** Who sees it: those that named this topic; everyone, without one. */
  readonly topic?: string | undefined
  /** In a slow client's backlog it replaces the waiting event of the same key. */
  readonly conflate?: string | undefined
}

/** An event in a log: MUST NOT change once it has been given out. */
export interface LogRecord extends NewRecord {
  /** Given by the log: one line of at most 1,024 bytes, opaque to all others. */
  readonly id: string
}

/** How much a log keeps of one channel. What exceeds any of them goes, the oldest first. */
export interface HistoryLimits {
  /** How many events: an integer >= 0; with 0 it keeps none, and the newest id all the same. */
  readonly maxEvents: number
  /** How many UTF-8 bytes of them. An event that is larger by itself is not kept. */
  readonly maxBytes: number
  /** For how long, in milliseconds. */
  readonly maxAgeMs: number
}

/** What a log calls for one channel on one node. */
export interface LogFollower {
  /**
   * Hears from which position on it follows: that of the newest record, or of an empty log's start.
   *
   * MUST be called before the first `next`. Called again it says that records may be missing in between; the
   * channel then asks for them by `since`, from the last that it has seen, and tells its clients of a gap
   * if they are gone.
   */
  start(position: string): void
  /**
   * Takes the next record. MUST be called in the order of ids, once for each, and not from within
   * another call of it.
   */
  next(record: LogRecord): void
}

/** Ends a following. Settles when the follower will hear no more. */
export type Unfollow = () => Promise<void>

/** What `since` may give at once. */
export interface SinceOptions {
  /** An integer >= 1. A log MAY give fewer and say that there are more. */
  readonly maxRecords: number
  /**
   * About how many bytes of them: an integer >= 1. A log SHOULD give no further record once they are reached, and MUST give
   * one, if there is one: each client that reads slowly holds what it was given.
   */
  readonly maxBytes: number
}

/** Records that come after a position. */
export interface LogPage {
  /** In the order of their ids. */
  readonly records: readonly LogRecord[]
  /**
   * Whether nothing is missing between the id asked for and the first of `records`. With `false` they are
   * the oldest that are still kept.
   */
  readonly complete: boolean
  /** The position that `records` follow on: the id asked for, unless something is missing. */
  readonly from: string
  /** Whether there were more when the log answered. */
  readonly more: boolean
}

/**
 * The contract between a channel and the engine that orders and keeps its events. `MemoryLog` is one.
 *
 * A channel calls it by its name. Ids are opaque: nobody but the log compares them. While an engine is away,
 * `follow` and `since` SHOULD wait for it; where they reject, the channel reports that and tries again. `append` MUST
 * settle within a bounded time.
 */
export interface EventLog {
  /**
   * Takes an event, gives it an id, and tells all followers of the channel, on this node and on others.
   *
   * MUST resolve with the id only once the event is safe, and reject if it may not be. Events appended one after
   * the other from one process MUST get ids in that order.
   *
   * @param limits - how much of the channel's history to keep from now on
   */
  append(channel: string, record: NewRecord, limits: HistoryLimits): Promise<string>
  /**
   * Tells `follower` of every record that is appended from now on.
   *
   * @returns settles after `follower.start` was called, with what ends the following.
   */
  follow(channel: string, follower: LogFollower): Promise<Unfollow>
  /**
   * Gives the records after `id`.
   *
   * MUST be complete if nothing was lost after `id`, even where its own record is gone, and MUST NOT be if `id` is one
   * that this log has never given for this channel: it comes from a client, which may claim anything.
   *
   * MAY show records that followers have yet to be told of. Each of them MUST follow, by `next`, or `start` where it was lost.
   */
  since(channel: string, id: string, options: SinceOptions): Promise<LogPage>
  /** Tells the order of two ids of one channel, both given by this log: below 0 if `one` comes first. */
  compare(one: string, other: string): number
  /** Lets go of everything. */
  close(): Promise<void>
}

/** What the texts of a record take in UTF-8. */
export function bytesOf({ id, event, data, comment, topic, conflate }: LogRecord): number {
  let bytes = 0
  for (const text of [id, event, data, comment, topic, conflate]) {
    if (text !== undefined) bytes += byteLength(text)
  }
  return bytes
}
