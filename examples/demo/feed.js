// The live feed: a channel of samples and notes, so that a page that comes back misses nothing or is told.

import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { SseChannelOptions, SseStream, Subscription } from 'eventwire' */
/** @import { Metrics, Sample } from './metrics.js' */
/** @import { Note } from './publish.js' */

/** @typedef {{ sample: Sample, note: Note, hello: Pick<Subscription, 'resume' | 'replayed'> }} FeedEvents */

/** @typedef {SseChannel<FeedEvents>} FeedChannel */

/** Two minutes of samples, less as many events as there were notes: who is away for longer gets a gap. */
const MAX_EVENTS = 120

/**
 * @param {Metrics} metrics
 * @param {SseChannelOptions<FeedEvents>['onError']} onError
 * @returns {FeedChannel}
 */
export function createFeed(metrics, onError) {
  /** @type {FeedChannel} */
  const channel = new SseChannel({
    history: { maxEvents: MAX_EVENTS },
    snapshot: () => metrics.kept.map((data) => ({ event: 'sample', data })),
    onError,
  })
  metrics.start((data) => channel.publish({ event: 'sample', data }))
  return channel
}

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {FeedChannel} channel
 */
export function openFeed(request, response, channel) {
  /** @type {SseStream<FeedEvents>} */
  const stream = openStream(request, response, { retryMs: 1_500 })
  greet(stream, channel).catch((error) => stream.destroy(error))
  return stream
}

/**
 * Sends what the page has missed, then how that went.
 *
 * @param {SseStream<FeedEvents>} stream
 * @param {FeedChannel} channel
 */
async function greet(stream, channel) {
  const { resume, replayed } = await channel.subscribe(stream)
  // A stream that has closed meanwhile takes nothing; that is no error.
  stream.send({ event: 'hello', data: { resume, replayed } })
}
