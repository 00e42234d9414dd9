// Closing all streams of the process, so that it can stop.

import { encodeEvent, type SseEvent } from './event.js'
import { integer, known, MAX_DELAY_MS, outOfRange, wrongType } from './misuse.js'
import { type RegisteredStream, registry, shutDown } from './registry.js'

/** How {@link closeAllStreams} goes about it. */
export interface CloseAllOptions {
  /**
   * The time it may take, in milliseconds: 0 to 2147483647. The ends are spread over the first four
   * fifths of it; who has not taken the rest of its events when it is over is cut. A client that reads
   * gets a quarter of a second for that in any case.
   *
   * @defaultValue `1_000`
   */
  withinMs?: number | undefined
  /**
   * How long each client is to wait before it reconnects, in milliseconds: one time, or the bounds
   * between which each gets its own at random, so that they do not return all at once.
   *
   * @defaultValue `[1_000, 5_000]`
   */
  retryMs?: number | readonly [min: number, max: number] | undefined
  /**
   * A last event for every client. Data that is no string is sent as JSON, whatever a stream's `serialize`.
   *
   * @defaultValue none
   */
  farewell?: SseEvent | undefined
}

const CLOSE_OPTIONS: readonly (keyof CloseAllOptions)[] = ['withinMs', 'retryMs', 'farewell']

/** What a client that reads gets to take its last event, however short `withinMs` is. */
const MIN_DRAIN_MS = 250

/**
 * Ends all open streams of this process, and those that open while it runs.
 *
 * `server.close()` finishes after it: call that first, so that no new connections come, then this.
 *
 * @returns settles when they have closed, with their number.
 * @throws rejects with a `TypeError` or `RangeError` when an option is wrong; then no stream
 * has been touched.
 */
export async function closeAllStreams(options: CloseAllOptions = {}): Promise<number> {
  const closing = closingBy(options)
  const isFirst = registry.onOpen === undefined
  if (isFirst) registry.onOpen = closing.end
  try {
    return await closing.run(registry.streams)
  } finally {
    if (isFirst) registry.onOpen = undefined
  }
}

/**
 * Gives what ends streams, some of this process or all.
 *
 * @throws {TypeError} or {RangeError} when an option is wrong.
 */
export function closingBy(options: CloseAllOptions) {
  const { withinMs = 1_000, retryMs = [1_000, 5_000], farewell } = known(options, CLOSE_OPTIONS)
  integer('`withinMs`', withinMs, 0, MAX_DELAY_MS)
  const retry = retryBounds(retryMs)
  if (farewell !== undefined) encodeEvent(farewell)

  const ended = new Set<RegisteredStream>()
  const end = (stream: RegisteredStream) => {
    if (!registry.streams.has(stream) || ended.has(stream)) return
    ended.add(stream)
    stream[shutDown](encodeEvent({ ...farewell, retry: randomBetween(retry) }))
  }

  /** Ends these, over the time; settles when they, and those ended meanwhile by `end`, have closed. */
  async function run(streams: Iterable<RegisteredStream>): Promise<number> {
    const startMs = performance.now()
    const elapsedMs = () => performance.now() - startMs
    const open = shuffled(streams)
    for (const [index, stream] of open.entries()) {
      const waitMs = (index / open.length) * withinMs * 0.8 - elapsedMs()
      if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs))
      end(stream)
    }
    const leftMs = Math.max(withinMs - elapsedMs(), MIN_DRAIN_MS)
    const cut = setTimeout(() => {
      for (const stream of ended) stream[shutDown](undefined)
    }, leftMs)
    // Those that join the set meanwhile are waited for too, until the cut: it closes all at once, and this
    // comes to its end before another can open.
    for (const stream of ended) await stream.closed
    clearTimeout(cut)
    return ended.size
  }

  return { end, run }
}

function retryBounds(retryMs: number | readonly [number, number]): readonly [number, number] {
  if (typeof retryMs !== 'number' && !(Array.isArray(retryMs) && retryMs.length === 2)) {
    throw wrongType('`retryMs`', 'a number or [min, max]', retryMs)
  }
  const [min, max] = typeof retryMs === 'number' ? [retryMs, retryMs] : retryMs
  for (const bound of [min, max]) integer('`retryMs`', bound, 0)
  if (min > max) throw outOfRange('`retryMs`', '[min, max] with min <= max', [min, max])
  return [min, max]
}

function randomBetween([min, max]: readonly [number, number]): number {
  return min + Math.floor(Math.random() * (max - min + 1))
}

/** Neighbours in the set connected at the same time: they shall not come back together. */
function shuffled<T>(items: Iterable<T>): T[] {
  return Array.from(items, (item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
