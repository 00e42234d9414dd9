// The log panel: the access log, followed from its file.

import { openStream } from 'eventwire/node'
import { tail } from './log-tail.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AccessLog } from './access-log.js' */

/** Tells the ids of this run of the server from those of an earlier one, whose file is gone. */
const RUN = Date.now().toString(36).slice(-6)

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {AccessLog} accessLog
 */
export function openLog(request, response, accessLog) {
  const stream = openStream(request, response, { heartbeatMs: 3_000 })
  const lines = tail(accessLog.file, {
    after: placeOf(stream.lastEventId),
    signal: stream.signal,
  })
  stream
    .sendAll(lines, ({ line, end }) => ({ data: line, id: idOf(end) }))
    .catch((error) => stream.destroy(error))
  return stream
}

/** @param {number} place - in the file */
function idOf(place) {
  return `${RUN}-${place}`
}

/**
 * Gives the place that an id stands for; `undefined` for one that this run has not given.
 *
 * @param {string} id
 */
function placeOf(id) {
  const [run, place = ''] = id.split('-')
  return run === RUN && /^\d{1,15}$/.test(place) ? Number(place) : undefined
}
