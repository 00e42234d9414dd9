// The ways to send the same events to many clients over HTTP/1.1: ours, better-sse's, and the raw API's.

import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'

/** The same on the wire from all: text as it is, anything else as JSON. Some would make JSON of text, too, for each client. */
const textOf = (data) => (typeof data === 'string' ? data : JSON.stringify(data))

export const FLOOR = 'floor: one framed chunk to each socket'
export const BARE = 'bare res.write to each'

/** Answers by the raw API, and keeps the responses. */
const bareResponses = (responses) => (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
  responses.add(res)
}

/**
 * Each gives a server, and how one tick's events are sent to all that have joined it.
 *
 * @type {Record<string, () => { server: import('node:http').Server, publish: (data: unknown, events?: number) => void }>}
 */
export const WAYS = {
  [FLOOR]: () => {
    const responses = new Set()
    let id = 0
    return {
      server: createServer(bareResponses(responses)),
      publish(data, events = 1) {
        let text = ''
        for (let i = 0; i < events; i++) text += `id: floor-${++id}\ndata: ${textOf(data)}\n\n`
        const frame = Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
        for (const { socket } of responses) socket.write(frame)
      },
    }
  },
  eventwire: () => {
    const channel = new SseChannel()
    return {
      server: createServer((req, res) => void channel.subscribe(openStream(req, res))),
      publish(data, events = 1) {
        for (let i = 0; i < events; i++) void channel.publish({ data })
      },
    }
  },
  'better-sse': () => {
    const channel = createChannel()
    return {
      server: createServer(async (req, res) =>
        channel.register(await createSession(req, res, { serializer: textOf })),
      ),
      publish(data, events = 1) {
        for (let i = 0; i < events; i++) channel.broadcast(data)
      },
    }
  },
  [BARE]: () => {
    const responses = new Set()
    let id = 0
    return {
      server: createServer(bareResponses(responses)),
      publish(data, events = 1) {
        for (let i = 0; i < events; i++) {
          const text = `id: bare-${++id}\ndata: ${textOf(data)}\n\n`
          for (const res of responses) res.write(text)
        }
      },
    }
  },
}
