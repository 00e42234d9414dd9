// Where `sendAll` takes its items from: iterables, Node and web streams, observables.

import { wrongType } from './misuse.js'
import { ignore, putAway } from './put-away.js'
import type { ReadableStreamLike } from './readable.js'

/** What something with `subscribe` calls: the observer of RxJS and of the Observable proposals. */
export interface SourceObserver<Item> {
  /** Takes the next item. */
  next(item: Item): void
  /** Hears that the source has failed. */
  error(error: unknown): void
  /** Hears that there are no more items. */
  complete(): void
}

/** Anything that pushes its items to a subscriber, such as an RxJS `Observable` or `Subject`. */
export interface Subscribable<Item> {
  /** Begins to push; gives a subscription with `unsubscribe`, or a function that ends it. */
  subscribe(observer: SourceObserver<Item>): unknown
}

/**
 * The same, with overloads, as RxJS declares it.
 *
 * From overloads the compiler infers by position, from the last: a second one is what makes it look at
 * the first.
 */
export interface OverloadedSubscribable<Item> extends Subscribable<Item> {
  /** As of {@link Subscribable}. */
  subscribe(observer: SourceObserver<Item>): unknown
  /** Matches whatever other overloads there are. */
  subscribe(observer: never): unknown
}

/** What `sendAll` reads: an async iterable (a Node `Readable` is one), an iterable, a web stream, an observable. */
export type Source<Item> =
  | AsyncIterable<Item>
  | Iterable<Item>
  | ReadableStreamLike<Item>
  | Subscribable<Item>
  | OverloadedSubscribable<Item>

/** Where the items go: a stream, seen from a source. */
interface Destination {
  /** Sends one item; `false` asks the source to wait for `drained`. Throws for an item that it cannot send. */
  push(item: unknown): boolean
  /** Settles when there is room again, or when no more is taken. */
  drained(): Promise<void>
  /** Calls `listener` once, when no more is taken: at once if that is so already. Returns what takes it back. */
  onEnd(listener: () => void): () => void
}

/**
 * Sends all that `source` gives, as fast as `destination` takes it, and cancels the source when that ends.
 *
 * Settles when the source is done or the destination has ended; rejects with the source's own error, or with
 * that of an item which could not be sent, and then cancels the source.
 */
export async function pump(source: Source<unknown>, destination: Destination): Promise<void> {
  const flow = flowOf(source)
  let decoder: TextDecoder | undefined
  let isOver = false

  const take: Take = (item) => {
    if (isOver) return
    let text = item
    if (ArrayBuffer.isView(item)) {
      // A byte order mark in the middle of a text is a character of it.
      decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
      text = decoder.decode(item as Uint8Array, { stream: true })
      // The bytes so far end inside their first character.
      if (text === '') return
    }
    return destination.push(text) ? undefined : destination.drained()
  }

  await new Promise<void>((resolve, reject) => {
    let stopWatching: (() => void) | undefined
    const finish = (isCancelled: boolean, settle: () => void) => {
      if (isOver) return
      isOver = true
      stopWatching?.()
      if (isCancelled) putAway(flow.cancel)
      settle()
    }
    const fail = (error: unknown) => finish(true, () => reject(error))
    const complete = () => {
      try {
        const rest = isOver ? '' : decoder?.decode()
        if (rest) destination.push(rest)
        finish(false, resolve)
      } catch (error) {
        fail(error)
      }
    }
    stopWatching = destination.onEnd(() => finish(true, resolve))
    if (!isOver) flow.run(take, () => isOver).then(complete, fail)
  })
}

/** Cancels a source that nobody is going to read. */
export function discard(source: unknown): void {
  if (typeof source === 'object' && source !== null) void putAway(() => flowOf(source).cancel())
}

/** Takes one item; gives what to wait for before the next, if there is no room now. */
type Take = (item: unknown) => Promise<void> | undefined

/** A source being read. */
interface Flow {
  /** Settles when the source is done; rejects with its error or with what `take` throws. */
  run(take: Take, isOver: () => boolean): Promise<unknown>
  /** Tells the source that no more is wanted: safe before `run`, and while it waits. */
  cancel(): unknown
}

// biome-ignore lint/suspicious/noExplicitAny: sources are known by their shape.
function flowOf(source: any): Flow {
  if (typeof source === 'object' && source !== null && !ArrayBuffer.isView(source)) {
    if (typeof source.getReader === 'function') {
      // Cancelling through the reader works while a read is pending.
      const reader = source.getReader()
      return pulled(
        () => reader.read(),
        () => reader.cancel(),
      )
    }
    const iterate = source[Symbol.asyncIterator] ?? source[Symbol.iterator]
    if (typeof iterate === 'function') {
      const iterator = iterate.call(source)
      const cancel =
        typeof source.pipe === 'function'
          ? // The iterator of a Node Readable is deaf while a read is pending.
            () => source.on('error', ignore).destroy()
          : // A generator that waits inside an `await` runs its `finally` when that wait is over: nobody
            // can interrupt it. The stream's `signal` is there to end the wait.
            () => iterator.return?.()
      return pulled(() => iterator.next(), cancel)
    }
    if (typeof source.subscribe === 'function') return pushed(source)
  }
  throw wrongType('the source', 'an iterable (no string), a stream or an observable', source)
}

/** One step of an iterator or of a reader. */
interface Step {
  done?: boolean | undefined
  value?: unknown
}

function pulled(next: () => Promise<Step> | Step, cancel: () => unknown): Flow {
  return {
    async run(take, isOver) {
      for (;;) {
        const coming = next()
        // What comes at once is taken at once, so that it leaves in one chunk.
        const step = 'then' in coming ? await coming : coming
        if (step.done || isOver()) return
        const room = take(step.value)
        if (room !== undefined) await room
        if (isOver()) return
      }
    },
    cancel,
  }
}

function pushed(source: Subscribable<unknown>): Flow {
  let subscription: { unsubscribe?: () => void } | (() => void) | undefined
  const cancel = () =>
    typeof subscription === 'function' ? subscription() : subscription?.unsubscribe?.()
  return {
    run: (take, isOver) =>
      new Promise((resolve, reject) => {
        let hasFailed = false
        subscription = source.subscribe({
          // It cannot wait: what a slow client leaves lying is the backlog's to bound.
          next: (item) => {
            try {
              if (!hasFailed) void take(item)
            } catch (error) {
              hasFailed = true
              reject(error)
            }
          },
          error: reject,
          complete: () => resolve(undefined),
        }) as typeof subscription
        // It was over from within `subscribe`, before there was a subscription to end.
        if (isOver()) putAway(cancel)
      }),
    cancel,
  }
}
