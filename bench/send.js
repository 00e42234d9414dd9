// Server CPU for each event sent to one client: one at a time, as an LLM's words come, and in bursts.

import { createServer } from 'node:http'
import { createSession } from 'better-sse'
import { openStream } from 'eventwire/node'
import { Arena, DATA, serve } from './runner/arena.js'
import { bars } from './runner/charts.js'
import { childArguments, isProgram } from './runner/child.js'
import { figure } from './runner/figures.js'

const BARE = 'bare res.write'

/** Each gives the response's handler, and how an event is sent once a client has come. */
const WAYS = {
  [BARE]: () => {
    let res
    return {
      join(_req, response) {
        res = response
        res.writeHead(200, { 'content-type': 'text/event-stream' })
        res.flushHeaders()
      },
      send: (data, id) => res.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`),
    }
  },
  eventwire: () => {
    let stream
    return {
      join(req, res) {
        stream = openStream(req, res)
      },
      send: (data, id) => stream.send({ data, id }),
    }
  },
  'better-sse': () => {
    let session
    return {
      async join(req, res) {
        session = await createSession(req, res)
      },
      send: (data, id) => session.push(data, undefined, `${id}`),
    }
  },
}

export async function* tables() {
  const seats = Object.fromEntries(Object.keys(WAYS).map((way) => [way, { way, clients: 1 }]))
  const arena = await Arena.open(import.meta.url, seats)
  try {
    for (const [events, deliveries] of [
      [1, 20_000],
      [10, 60_000],
    ]) {
      yield {
        key: `${events} a tick`,
        title: `one client, ${events} event${events > 1 ? 's' : ''} a tick`,
        rows: await arena.compare({ rounds: 9, events, deliveries, isQuick: true }),
      }
    }
  } finally {
    await arena.close()
  }
}

export const charts = (results) => ({
  send: bars(
    results.flatMap((table) =>
      Object.keys(table.rows).map((name) => ({
        name,
        value: figure(table, name),
        panel: table.title,
      })),
    ),
    'server CPU for one event, µs',
  ),
})

if (isProgram(import.meta.url)) {
  const [way] = childArguments()
  const { join, send } = WAYS[way]()
  let id = 0
  await serve(createServer(join), (events) => {
    for (let i = 0; i < events; i++) send(DATA, ++id)
  })
}
