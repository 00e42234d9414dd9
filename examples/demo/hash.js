// The job: one folder hashed for the client that asks, for as long as it stays.

import { fileURLToPath } from 'node:url'
import { openStream } from 'eventwire/node'
import { FolderHash } from './folder-hash.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { SseStream } from 'eventwire' */
/** @import { AccessLog } from './access-log.js' */

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {AccessLog} accessLog
 */
export function openHash(request, response, accessLog) {
  const stream = openStream(request, response)
  const job = new FolderHash(NODE_MODULES, (data) =>
    stream.send({ event: 'progress', data }, { conflate: 'progress' }),
  )
  job.run(stream.signal).then(
    (result) => stream.end({ event: 'done', data: result }),
    () => reportStop(job, stream, accessLog),
  )
  return stream
}

/**
 * @param {FolderHash} job
 * @param {SseStream} stream
 * @param {AccessLog} accessLog
 */
async function reportStop({ progress }, stream, accessLog) {
  const hasFailed = stream.state === 'open'
  const { reason } = hasFailed ? await stream.end({ event: 'failed' }) : await stream.closed
  const { round, files, totalFiles } = progress
  const where = `after ${files} of ${totalFiles} files${round > 1 ? `, round ${round}` : ''}`
  accessLog.write(`hash ${hasFailed ? 'failed' : 'stopped'} ${where}: ${reason}`)
}
