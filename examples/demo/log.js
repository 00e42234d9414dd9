// The log panel: the access log, followed from its file.

import { openStream } from 'eventwire/node'
import { eventIdOf, placeOf } from './event-id.js'
import { tail } from './log-tail.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AccessLog } from './access-log.js' */

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
    .sendAll(lines, ({ line, end }) => ({ data: line, id: eventIdOf(end) }))
    .catch((error) => stream.destroy(error))
  return stream
}
