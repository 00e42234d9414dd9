// One node of the cluster: it publishes beats, and streams those of all nodes to its pages.
// @ts-check

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { RedisLog } from 'eventwire/redis'
import { createClient } from 'redis'

/** @typedef {{ node: string, run: number, number: number }} Beat */
/** @typedef {{ beat: Beat, served: { node: string } }} ClusterEvents */

const {
  NAME = 'one',
  HOST = '127.0.0.1',
  PORT = '3000',
  REDIS_URL = 'redis://127.0.0.1:6379',
} = process.env
const BEAT_MS = 500

const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error(`Node ${NAME}: Redis: ${error.message}`))
// While Redis is away the client tries again by itself, and reports above.
client.connect().catch(() => {})

const log = new RedisLog(client)
/** All nodes have this channel: the same events, in one order, with the same ids. @type {SseChannel<ClusterEvents>} */
const channel = new SseChannel({
  name: 'beats',
  log,
  onError: (error, { stage }) => console.error(`Node ${NAME}: ${stage}: ${error.message}`),
})

/** The page counts the beats of each run: a node that is started anew begins at 0. */
const run = Date.now()
let number = 0
const timer = setInterval(() => {
  channel.publish({ event: 'beat', data: { node: NAME, run, number: number++ } })
}, BEAT_MS)

const server = createServer(async (req, res) => {
  const [path = '/'] = (req.url ?? '/').split('?')
  if (path === '/events') return openPage(req, res)
  if (path !== '/stop' || req.method !== 'POST') return sendFile(path, res)
  res.writeHead(204).end()
  await stop()
})

/**
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 */
async function openPage(req, res) {
  /** @type {import('eventwire').SseStream<ClusterEvents>} */
  const stream = openStream(req, res, { retryMs: 500 })
  // Of this connection alone, so not published. It has no id, and leaves the page's last one as it is.
  stream.send({ event: 'served', data: { node: NAME } })
  // Wherever the page was before, it goes on behind its last event.
  await channel.subscribe(stream)
}

const FILES = new Map([
  ['/', ['index.html', 'text/html']],
  ['/main.js', ['main.js', 'text/javascript']],
  ['/style.css', ['style.css', 'text/css']],
  ['/icon.svg', ['icon.svg', 'image/svg+xml']],
])

/**
 * @param {string} path
 * @param {import('node:http').ServerResponse} res
 */
async function sendFile(path, res) {
  const [name, type] = FILES.get(path) ?? []
  if (name === undefined) return res.writeHead(404).end()
  const content = await readFile(new URL(`page/${name}`, import.meta.url)).catch(() => undefined)
  if (content === undefined) return res.writeHead(500).end()
  res.writeHead(200, { 'content-type': type }).end(content)
}

server.listen(Number(PORT), HOST, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`Node ${NAME}: http://${HOST}:${port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

/** Sends the pages to the other node, each at its own time. */
async function stop() {
  clearInterval(timer)
  server.close()
  await closeAllStreams({ withinMs: 300, retryMs: [100, 1_000] })
  // nginx keeps connections open for its next requests.
  server.closeAllConnections()
  await channel.close()
  // With it goes the client, and nothing is left to keep the process.
  await log.close()
}
