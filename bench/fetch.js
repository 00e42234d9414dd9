// Server CPU for each event delivered through a Response: many clients of Hono on Node.js.

import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createAdaptorServer } from '@hono/node-server'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { Arena, DATA_TEXT, serve } from './runner/arena.js'
import { childArguments, isProgram } from './runner/child.js'

const CLIENTS = 1_000

const CONTROL = "Hono's streamSSE"

/** Each way to answer: the handler of the route, and how one tick's events are sent. */
const WAYS = {
  [CONTROL]: () => {
    const streams = new Set()
    let id = 0
    return {
      answer(c) {
        const response = streamSSE(c, (stream) => {
          streams.add(stream)
          return new Promise((resolve) => stream.onAbort(resolve))
        })
        // It sets them on HTTP/2, too, where the first would end the server's process.
        for (const name of ['transfer-encoding', 'connection']) response.headers.delete(name)
        return response
      },
      publish(events) {
        for (let i = 0; i < events; i++) {
          const event = { data: DATA_TEXT, id: `hono-${++id}` }
          for (const stream of streams) void stream.writeSSE(event)
        }
      },
    }
  },
  'eventwire: a channel': () => {
    const channel = new SseChannel()
    return {
      answer: (c) => {
        const { stream, response } = openStream(c.req.raw)
        void channel.subscribe(stream)
        return response
      },
      publish(events) {
        for (let i = 0; i < events; i++) void channel.publish({ data: DATA_TEXT })
      },
    }
  },
  'eventwire: send to each': () => {
    const streams = new Set()
    let id = 0
    return {
      answer: (c) => {
        const { stream, response } = openStream(c.req.raw)
        streams.add(stream)
        return response
      },
      publish(events) {
        for (let i = 0; i < events; i++) {
          const event = { data: DATA_TEXT, id: `each-${++id}` }
          for (const stream of streams) stream.send(event)
        }
      },
    }
  },
  'floor: one enqueue to each body': () => {
    const controllers = new Set()
    const encoder = new TextEncoder()
    let id = 0
    return {
      answer: () =>
        new Response(new ReadableStream({ start: (controller) => controllers.add(controller) }), {
          headers: { 'content-type': 'text/event-stream' },
        }),
      publish(events) {
        let text = ''
        for (let i = 0; i < events; i++) text += `id: floor-${++id}\ndata: ${DATA_TEXT}\n\n`
        const chunk = encoder.encode(text)
        for (const controller of controllers) controller.enqueue(chunk)
      },
    }
  },
}

async function* over(protocol) {
  const seats = Object.fromEntries(
    Object.keys(WAYS).map((way) => [way, { way, protocol, clients: CLIENTS }]),
  )
  const arena = await Arena.open(import.meta.url, seats)
  try {
    for (const events of [1, 10]) {
      const title = `${CLIENTS} clients over ${protocol}, ${events} event${events > 1 ? 's' : ''} a tick`
      const goal = { work: `Fetch path, ${title}`, over: CONTROL, atMost: 0.5 }
      yield {
        key: `${protocol}, ${events} a tick`,
        title,
        rows: await arena.compare({ rounds: 5, events, deliveries: 20_000 * events }),
        goals: [{ ...goal, row: 'eventwire: a channel' }],
      }
    }
  } finally {
    await arena.close()
  }
}

export async function* tables() {
  for (const protocol of ['http/1.1', 'h2']) yield* over(protocol)
}

if (isProgram(import.meta.url)) {
  const [way, protocol] = childArguments()
  const { answer, publish } = WAYS[way]()
  const app = new Hono().get('/', answer)
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer: protocol === 'h2' ? createHttp2Server : createServer,
  })
  await serve(server, publish)
}
