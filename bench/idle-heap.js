// Heap held for each idle stream over HTTP/1.1, above that of a bare response kept open.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { createSession } from 'better-sse'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { bars } from './runner/charts.js'
import { answer, Child, childArguments, isProgram } from './runner/child.js'
import { figure } from './runner/figures.js'
import { compare } from './runner/rounds.js'

const CLIENTS = 2_000
/** Clients that come before: what is compiled for the first of them is no part of what one more holds. */
const FIRST = 1_000

const channel = new SseChannel()

const HANDLERS = {
  'bare response': (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.flushHeaders()
  },
  eventwire: (req, res) => void openStream(req, res),
  'eventwire, subscribed': (req, res) => void channel.subscribe(openStream(req, res)),
  'better-sse': (req, res) => void createSession(req, res),
}

/** In a process of its own, which sees no client's heap: a server that tells what it holds. */
async function serve(name) {
  const server = createServer(HANDLERS[name]).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const settle = async () => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      globalThis.gc()
    }
    return process.memoryUsage().heapUsed
  }
  process.send({ port: server.address().port })
  await answer(settle)
}

/** Bytes of heap for each stream. */
async function measured(name) {
  const child = new Child(import.meta.url, name)
  const sockets = []
  try {
    const { port } = await child.hears()
    const join = async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
      await once(socket, 'data')
    }
    for (let i = 0; i < FIRST; i++) await join()
    const before = await child.ask('settle')
    for (let i = 0; i < CLIENTS; i++) await join()
    return ((await child.ask('settle')) - before) / CLIENTS
  } finally {
    for (const socket of sockets) socket.destroy()
    await child.end()
  }
}

const UNIT = 'heap bytes a stream'

export async function* tables() {
  const rows = Object.fromEntries(Object.keys(HANDLERS).map((name) => [name, () => measured(name)]))
  yield {
    key: 'heap',
    title: `${CLIENTS.toLocaleString('en-US')} idle streams over HTTP/1.1`,
    rows: await compare(rows, { rounds: 3, unit: UNIT, isWarm: true }),
    goals: [
      {
        work: 'an idle subscribed stream',
        row: 'eventwire, subscribed',
        over: 'bare response',
        atMostAbove: 1_536,
        unit: UNIT,
      },
    ],
  }
}

export const charts = ([table]) => ({
  heap: bars(
    Object.keys(table.rows).map((name) => ({
      name,
      value: figure(table, name),
      panel: table.title,
    })),
    'bytes of heap for one',
  ),
})

if (isProgram(import.meta.url)) await serve(...childArguments())
