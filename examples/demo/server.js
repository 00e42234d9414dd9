// The demo: one page on localhost, fed by three event streams of this process.

import { createServer } from 'node:http'
import { closeAllStreams } from 'eventwire'
import { AccessLog } from './access-log.js'
import { createFeed } from './feed.js'
import { Metrics } from './metrics.js'
import { createHandler } from './routes.js'

const DEFAULT_PORT = 3_000
const HOST = '127.0.0.1'

const accessLog = new AccessLog()
const channel = createFeed(new Metrics(), (error, { stage }) =>
  accessLog.write(`channel ${stage} failed: ${error.message}`),
)
const server = createServer(createHandler({ accessLog, channel }))

server.on('listening', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`eventwire demo: http://${HOST}:${port}  (Ctrl+C to stop)`)
})
server.on('error', (error) => {
  const isTaken = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE'
  if (isTaken && process.env.PORT === undefined) server.listen(0, HOST)
  else fail(error.message)
})
process.once('SIGINT', shutDown)
process.once('SIGTERM', shutDown)

const port = process.env.PORT ?? `${DEFAULT_PORT}`
if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) server.listen(Number(port), HOST)
else fail(`expected PORT to be an integer from 0 to 65535, got \`${port}\``)

/** @param {string} message */
async function fail(message) {
  console.error(`eventwire demo: ${message}`)
  process.exitCode = 1
  await accessLog.remove()
}

/** Ends all streams; with the last connection the process ends by itself. */
async function shutDown() {
  server.close()
  await closeAllStreams({ withinMs: 300 })
  // What were streams a moment ago would be kept open for a next request.
  server.closeAllConnections()
  await accessLog.remove()
}
