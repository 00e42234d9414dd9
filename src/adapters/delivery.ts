// How events get through where nothing streams: some proxies and virus scanners hold a response until it ends.

import type { EventMap } from '../contract.js'
import { oneOf } from '../misuse.js'
import type { Sink } from '../sink.js'
import { SseStream } from '../stream.js'
import type { SseStreamOptions } from '../stream-options.js'
import { type BatchOptions, BatchStream } from './batch-stream.js'

/**
 * How events are delivered.
 *
 * - `'stream'`: each when it is sent, in a response that does not end.
 * - `'long-poll'`: a response ends after the first events that are due, or after 25 seconds without any. The client returns
 *   at once, with its last id.
 * - `'poll'`: a response ends as soon as it is known what is due, be it nothing. The client returns after two seconds.
 * - `'auto'`: as the query parameter `delivery` of the request says, `'long-poll'` or `'poll'`; else a stream.
 */
export type Delivery = 'stream' | 'long-poll' | 'poll' | 'auto'

const DELIVERIES: readonly Delivery[] = ['stream', 'long-poll', 'poll', 'auto']

interface Manner extends BatchOptions {
  /** When the client is to return, unless the application says so. */
  readonly retryMs: number
}

const MANNERS: Readonly<Record<string, Manner>> = {
  // Proxies commonly wait for 30 to 60 seconds.
  'long-poll': { waitMs: 25_000, endsEmpty: false, retryMs: 100 },
  // The wait is for a handler that subscribes late, or not at all.
  poll: { waitMs: 2_000, endsEmpty: true, retryMs: 2_000 },
}

/** Checks the option, and gives how this request is to be served. */
export function mannerOf(delivery: Delivery = 'stream', url: string): Manner | undefined {
  oneOf<Delivery>('`delivery`', delivery, DELIVERIES)
  if (delivery !== 'auto') return MANNERS[delivery]
  const asked = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('delivery') ?? ''
  return Object.hasOwn(MANNERS, asked) ? MANNERS[asked] : undefined
}

/** Opens a stream that delivers in this manner. */
export function deliver<M extends EventMap<M>>(
  sink: Sink,
  options: SseStreamOptions<M>,
  manner: Manner | undefined,
): SseStream<M> {
  if (manner === undefined) return new SseStream<M>(sink, options)
  const retryMs = options.retryMs ?? manner.retryMs
  const stream = new BatchStream<M>(sink, { ...options, retryMs }, manner)
  // A client that knows it does not take the end of a batch for the end of the events.
  stream.comment(`delivery=${manner.endsEmpty ? '' : 'long-'}poll`)
  return stream
}
