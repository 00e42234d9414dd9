// One node of the cluster: it publishes a beat each second, and serves the page and its stream of all beats.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { RedisLog } from 'eventwire/redis'
import { createClient } from 'redis'

/** @import { SseStream } from 'eventwire' */

/** @typedef {{ node: string, run: number, number: number }} Beat */
/** @typedef {{ beat: Beat, served: { node: string } }} Events */

const {
  NAME = 'one',
  PORT = '0',
  HOST = '127.0.0.1',
  REDIS_URL = 'redis://127.0.0.1:6379',
} = process.env

/** @type {Record<string, string>} */
const FILES = { '/': 'index.html', '/main.js': 'main.js', '/style.css': 'style.css' }
/** @type {Record<string, string>} */
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error(`node ${NAME}: redis: ${error.message}`))
client.connect().catch(() => {})

const log = new RedisLog(client)
/** @type {SseChannel<Events>} */
const channel = new SseChannel({
  name: 'beats',
  log,
  onError: (error, { stage }) => console.error(`node ${NAME}: ${stage}: ${error.message}`),
})

const run = Date.now()
let number = 0
const beats = setInterval(() => {
  channel.publish({ event: 'beat', data: { node: NAME, run, number: number++ } })
}, 500)

const server = createServer(async (req, res) => {
  const path = req.url?.split('?')[0] ?? '/'
  const file = FILES[path]
  if (path === '/events') {
    /** @type {SseStream<Events>} */
    const stream = openStream(req, res, { retryMs: 500 })
    stream.send({ event: 'served', data: { node: NAME } })
    await channel.subscribe(stream)
  } else if (path === '/stop' && req.method === 'POST') {
    res.end()
    stop()
  } else if (file !== undefined) {
    const content = await readFile(new URL(`page/${file}`, import.meta.url))
    res.setHeader('content-type', `${TYPES[file.split('.')[1] ?? '']}; charset=utf-8`)
    res.setHeader('content-security-policy', "default-src 'self'")
    res.end(content)
  } else {
    res.statusCode = path === '/favicon.ico' ? 204 : 404
    res.end()
  }
})

/** Clients come back to another node, each at its own time, and have missed nothing. */
async function stop() {
  clearInterval(beats)
  server.close()
  await closeAllStreams({ withinMs: 300, retryMs: [100, 1_000] })
  server.closeAllConnections()
  await channel.close()
  // With it goes the client, and nothing is left to keep the process.
  await log.close()
}

process.once('SIGTERM', stop)
process.once('SIGINT', stop)
server.listen(Number(PORT), HOST, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`node ${NAME}: http://${HOST}:${port}`)
})
