// The live feed: samples of this process, without a hole after a cut.

import { openStream } from 'eventwire/node'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Metrics } from './metrics.js' */

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {Metrics} metrics
 */
export function openFeed(request, response, metrics) {
  const stream = openStream(request, response, { retryMs: 1_500 })
  const { resume, samples } = metrics.since(stream.lastEventId)

  stream.send({ event: 'hello', data: { resume, replayed: samples.length } })
  for (const sample of samples) stream.send(sample)
  stream.sendAll(metrics)
  return stream
}
