// Which request gets which answer.

import { sendError, sendJson } from './answer.js'
import { openFeed } from './feed.js'
import { openHash } from './hash.js'
import { openLog } from './log.js'
import { PAGE_FILES, sendFile } from './page-files.js'
import { PageStreams } from './page-streams.js'
import { publishNote } from './publish.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AccessLog } from './access-log.js' */
/** @import { FeedChannel } from './feed.js' */
/** @import { PageStream } from './page-streams.js' */

/** What each page makes up for itself, to name its own streams. */
const PAGE_ID = /^[0-9a-f]{8}$/

/**
 * Gives the listener for the server's requests.
 *
 * @param {{ accessLog: AccessLog, channel: FeedChannel }} services
 */
export function createHandler({ accessLog, channel }) {
  const pageStreams = new PageStreams()

  /** @type {Record<string, (request: IncomingMessage, response: ServerResponse) => PageStream>} */
  const streams = {
    '/feed': (request, response) => openFeed(request, response, channel),
    '/log': (request, response) => openLog(request, response, accessLog),
    '/hash': (request, response) => openHash(request, response, accessLog),
  }

  /** @type {Record<string, (request: IncomingMessage, response: ServerResponse, page: string) => void>} */
  const actions = {
    '/cut': (_request, response, page) => sendJson(response, { cut: pageStreams.cut(page) }),
    '/publish': (request, response) => publishNote(request, response, channel),
  }

  return (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    const [path = '/', query] = (request.url ?? '/').split('?', 2)
    const page = new URLSearchParams(query).get('page') ?? ''
    const open = Object.hasOwn(streams, path) ? streams[path] : undefined
    const act = Object.hasOwn(actions, path) ? actions[path] : undefined
    const file = PAGE_FILES.get(path)

    if (!open && !file && !act) {
      sendError(response, 404, 'Not found')
    } else if (!isAllowed(request.method, act !== undefined)) {
      response.setHeader('allow', act ? 'POST' : 'GET, HEAD')
      sendError(response, 405, 'Method not allowed')
    } else if (file) {
      sendFile(response, file)
    } else if (path !== '/publish' && !PAGE_ID.test(page)) {
      sendError(response, 400, 'Expected `page` to be eight hexadecimal digits')
    } else if (act) {
      act(request, response, page)
    } else if (open) {
      const stream = open(request, response)
      pageStreams.add(page, stream)
      accessLog.followStream(request, response, stream)
      return
    }
    accessLog.followRequest(request, response)
  }
}

/**
 * @param {string | undefined} method
 * @param {boolean} isAction
 */
function isAllowed(method, isAction) {
  return isAction ? method === 'POST' : method === 'GET' || method === 'HEAD'
}
