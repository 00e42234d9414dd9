// Which request gets which answer.

import { openFeed } from './feed.js'
import { openHash } from './hash.js'
import { openLog } from './log.js'
import { PAGE_FILES, sendFile } from './page-files.js'
import { PageStreams } from './page-streams.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { SseStream } from 'eventwire' */
/** @import { AccessLog } from './access-log.js' */
/** @import { Metrics } from './metrics.js' */

/** What each page makes up for itself, to name its own streams. */
const PAGE_ID = /^[0-9a-f]{8}$/

/**
 * Gives the listener for the server's requests.
 *
 * @param {{ accessLog: AccessLog, metrics: Metrics }} services
 */
export function createHandler({ accessLog, metrics }) {
  const pageStreams = new PageStreams()

  /** @type {Record<string, (request: IncomingMessage, response: ServerResponse) => SseStream>} */
  const streams = {
    '/feed': (request, response) => openFeed(request, response, metrics),
    '/log': (request, response) => openLog(request, response, accessLog),
    '/hash': (request, response) => openHash(request, response, accessLog),
  }

  return (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    const [path = '/', query] = (request.url ?? '/').split('?', 2)
    const page = new URLSearchParams(query).get('page') ?? ''
    const open = Object.hasOwn(streams, path) ? streams[path] : undefined
    const file = PAGE_FILES.get(path)
    const isCut = path === '/cut'

    if (!open && !file && !isCut) {
      sendError(response, 404, 'Not found')
    } else if (!isAllowed(request.method, isCut)) {
      response.setHeader('allow', isCut ? 'POST' : 'GET, HEAD')
      sendError(response, 405, 'Method not allowed')
    } else if (file) {
      sendFile(response, file)
    } else if (!PAGE_ID.test(page)) {
      sendError(response, 400, 'Expected `page` to be eight hexadecimal digits')
    } else if (open) {
      const stream = open(request, response)
      pageStreams.add(page, stream)
      accessLog.followStream(request, response, stream)
      return
    } else {
      sendJson(response, { cut: pageStreams.cut(page) })
    }
    accessLog.followRequest(request, response)
  }
}

/**
 * @param {string | undefined} method
 * @param {boolean} isCut
 */
function isAllowed(method, isCut) {
  return isCut ? method === 'POST' : method === 'GET' || method === 'HEAD'
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} message
 */
function sendError(response, status, message) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}

/**
 * @param {ServerResponse} response
 * @param {unknown} value
 */
function sendJson(response, value) {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
