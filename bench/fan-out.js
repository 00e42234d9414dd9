// Server CPU for each event delivered to each of many clients: one sequence, fanned out over HTTP/1.1.

import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { compared, DATA, serve } from './arena.js'

const FLOOR = 'floor: one framed chunk to each socket'

/** Answers by the raw API, and keeps the responses. */
const bareResponses = (responses) => (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
  responses.add(res)
}

/** Each way to fan out: how a client joins, and how one tick's events are sent. */
const WAYS = {
  [FLOOR]: () => {
    const responses = new Set()
    let id = 0
    return {
      join: bareResponses(responses),
      publish(events) {
        let text = ''
        for (let i = 0; i < events; i++) text += `id: floor-${++id}\ndata: ${DATA}\n\n`
        const frame = Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
        for (const { socket } of responses) socket.write(frame)
      },
    }
  },
  eventwire: () => {
    const channel = new SseChannel()
    return {
      join: (req, res) => void channel.subscribe(openStream(req, res)),
      publish(events) {
        for (let i = 0; i < events; i++) void channel.publish({ data: DATA })
      },
    }
  },
  'better-sse': () => {
    const channel = createChannel()
    return {
      join: async (req, res) => channel.register(await createSession(req, res)),
      publish(events) {
        for (let i = 0; i < events; i++) channel.broadcast(DATA)
      },
    }
  },
  'res.write to each': () => {
    const responses = new Set()
    let id = 0
    return {
      join: bareResponses(responses),
      publish(events) {
        for (let i = 0; i < events; i++) {
          const text = `id: bare-${++id}\ndata: ${DATA}\n\n`
          for (const res of responses) res.write(text)
        }
      },
    }
  },
}

async function ways(events, ticks) {
  const seats = Object.fromEntries(
    Object.keys(WAYS).map((way) => [way, { way, clients: 1_000, ticks }]),
  )
  return {
    title: `1000 clients, ${events} event${events > 1 ? 's' : ''} a tick`,
    rows: await compared(import.meta.url, seats, events, 9),
  }
}

/** How many files a process may have open, less those that it has besides its sockets. */
const mostClients = () =>
  Math.min(20_000, Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) - 100)

async function sizes() {
  const seats = {}
  for (const way of [FLOOR, 'eventwire']) {
    for (const clients of [1_000, 10_000, mostClients()]) {
      seats[`${way}, ${clients}`] = { way, clients, ticks: Math.ceil(60_000 / clients) }
    }
  }
  return {
    title: 'as the clients grow, 1 event a tick',
    rows: await compared(import.meta.url, seats, 1, 9),
  }
}

export async function* tables() {
  yield ways(1, 60)
  yield ways(10, 40)
  yield sizes()
}

if (process.send) {
  const { join, publish } = WAYS[process.argv[2]]()
  await serve(createServer(join), publish)
}
