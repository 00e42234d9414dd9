// One node for tests: a process with channels on a RedisLog, told what to do over HTTP.

import { createServer } from 'node:http'
import { closeAllStreams, SseChannel, streamStats } from 'eventwire'
import { openStream } from 'eventwire/node'
import { RedisLog } from 'eventwire/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const [kind, port, timeoutMs = '5000'] = process.argv.slice(2)

const connect = {
  'node-redis': () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return client
  },
  ioredis: () => {
    const client = new Redis(Number(port), '127.0.0.1')
    client.on('error', () => {})
    return client
  },
}[kind]

let unhandled = 0
process.on('unhandledRejection', () => unhandled++)

const log = new RedisLog(connect(), { timeoutMs: Number(timeoutMs) })
const channels = new Map()
const reported = []

function channelOf(name) {
  let channel = channels.get(name)
  if (channel === undefined) {
    channel = new SseChannel({
      name,
      log,
      history: { maxEvents: 10_000, maxBytes: 16_000_000 },
      onError: (error, { stage }) => reported.push(`${stage} ${error.code}`),
    })
    channels.set(name, channel)
  }
  return channel
}

/** Publishes so many events, all at once or so many; answers with the outcome of each. */
async function publish(query) {
  const channel = channelOf(query.get('channel') ?? 'main')
  const from = Number(query.get('from') ?? 0)
  const count = Number(query.get('count') ?? 1)
  const atOnce = Number(query.get('atOnce') ?? count)
  const outcomeOf = (number) => {
    const data = `${query.get('data') ?? ''}${number}`
    return channel.publish({ data }).then(
      (id) => ({ data, id }),
      ({ code }) => ({ data, code }),
    )
  }
  const outcomes = []
  while (outcomes.length < count) {
    const next = from + outcomes.length
    const length = Math.min(atOnce, count - outcomes.length)
    outcomes.push(...(await Promise.all(Array.from({ length }, (_, i) => outcomeOf(next + i)))))
  }
  return outcomes
}

const server = createServer(async (req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost')
  if (pathname === '/events') {
    const stream = openStream(req, res, { heartbeatMs: 500 })
    await channelOf(searchParams.get('channel') ?? 'main').subscribe(stream)
    return
  }
  const answer =
    pathname === '/publish'
      ? await publish(searchParams)
      : { unhandled, reported, open: streamStats().open, pid: process.pid }
  res.end(JSON.stringify(answer))
})

process.once('SIGTERM', async () => {
  server.close()
  await closeAllStreams()
  server.closeAllConnections()
  await log.close()
})

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
