// The server of a soak: a process of its own, which publishes, and tells what it holds when it is asked.

import { createServer } from 'node:http'
import { closeAllStreams, SseChannel, streamStats } from 'eventwire'
import { openStream } from 'eventwire/node'
import { dataOf, isBulk, MAX_EVENTS, seeded } from './events.js'

const random = seeded(Number(process.argv[2]))
const sockets = new Set()
const problems = []
let published = 0

process.on('warning', (warning) => problems.push(`${warning.name}: ${warning.message}`))
process.on('unhandledRejection', (error) => problems.push(`unhandled: ${error}`))
process.on('uncaughtException', (error) => problems.push(`uncaught: ${error}`))

const channel = new SseChannel({
  history: { maxEvents: MAX_EVENTS, maxBytes: 64 * 1_048_576 },
  onError: (error, { stage }) => problems.push(`${stage}: ${error.message}`),
})

const server = createServer((req, res) => {
  const stream = openStream(req, res, {
    heartbeatMs: 2_000,
    maxBufferedBytes: 524_288,
    stallTimeoutMs: 5_000,
    maxLifetimeMs: 45_000,
  })
  void channel.subscribe(stream, { topics: req.url === '/bulk' ? ['bulk'] : [] })
})
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

/** Publishes so many events in one tick. */
function publish(count) {
  for (let left = count; left > 0; left--) {
    const number = ++published
    const topic = isBulk(number) ? 'bulk' : undefined
    channel
      .publish({ data: dataOf(number) }, { topic })
      .then((id) => id.endsWith(`-${number}`) || problems.push(`${number} has the id ${id}`))
  }
}

const mostListeners = (emitters) =>
  Math.max(
    0,
    ...[...emitters].flatMap((emitter) =>
      emitter.eventNames().map((name) => emitter.listenerCount(name)),
    ),
  )

function reading() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return {
    heap: heapUsed,
    arrayBuffers,
    rss,
    handles: process.getActiveResourcesInfo().length,
    sockets: sockets.size,
    listeners: mostListeners([...sockets, server, process]),
    cpuMs: (user + system) / 1_000,
    published,
    stats: streamStats(),
    problems,
  }
}

const orders = {
  reading,
  /** The history is full when the clients come: it is not to be taken for growth. */
  start() {
    publish(MAX_EVENTS)
    orders.timer = setInterval(() => publish(Math.floor(random() * 3)), 100)
  },
  /** Nothing is published any more, and all that was opened is closed: what is left is left behind. */
  async stop() {
    clearInterval(orders.timer)
    server.close()
    await closeAllStreams({ withinMs: 1_000 })
    await channel.close()
    server.closeAllConnections()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    return reading()
  },
}

process.on('message', async ({ order }) => process.send({ order, answer: await orders[order]() }))
process.on('disconnect', () => process.exit())

server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
  process.send({ port: server.address().port }),
)
