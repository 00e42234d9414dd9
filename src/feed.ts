// What feeds a stream from outside, and what the stream offers to it: not for applications.

import type { Chunk, EncodedEvent } from './chunk.js'

/** A channel's subscription, or a source being sent, as the stream sees it. */
export interface Feed {
  /** Hands over what was accepted for the stream before this moment: it is about to send something else, or to end. */
  flush?(): void
  /** Hears, once, that the stream takes no more. */
  onEnd(): void
  /**
   * Gives an id that stands for all that the stream was given so far, if the client does not know it by
   * the events that it got.
   */
  positionToTell?(): string | undefined
  /** Whether it still has to hand over what came before what is live. */
  readonly isBehind?: boolean | undefined
  /** Whether its events have the ids that the client comes back with: a stream has one such feed at most. */
  readonly isResumable?: boolean | undefined
}

// Registered symbols: a channel of the package's CommonJS build may feed a stream of its ES module build.
export const attach: unique symbol = Symbol.for('eventwire.attach') as never
export const detach: unique symbol = Symbol.for('eventwire.detach') as never
export const give: unique symbol = Symbol.for('eventwire.give') as never
export const outlet: unique symbol = Symbol.for('eventwire.outlet') as never

/** A stream, as its feeds see it. */
export interface Fed {
  /** Adds a feed; one that comes too late hears of the end at once. */
  [attach](feed: Feed): void
  [detach](feed: Feed): void
  /** Takes one event; `false` asks to wait until the stream is drained. */
  [give](event: EncodedEvent): boolean
  /** Where its share of the chunks for many streams goes. */
  readonly [outlet]: Outlet
}

/** Where chunks for many streams go. Nothing lies between it and the sink: that would be one memory access more for each. */
export interface Outlet {
  /** Takes a chunk that other streams are given too, and hands it to the sink at once, if the stream is open. */
  deliver(chunk: Chunk): void
  /** Where it counts them: bytes that the client was given in this turn. With many it waits for the next, so that others have theirs. */
  turnBytes?: number
}

/** The feeds of a stream. Most have none or one: an array for it would weigh on each idle stream. */
export type Feeds = Feed | readonly Feed[] | undefined

const NONE: readonly Feed[] = []

/** Gives them one by one. */
export function feedsOf(feeds: Feeds): readonly Feed[] {
  if (feeds === undefined) return NONE
  return 'onEnd' in feeds ? [feeds] : feeds
}

/** The other way round. */
export function packed(feeds: readonly Feed[]): Feeds {
  return feeds.length > 1 ? feeds : feeds[0]
}
