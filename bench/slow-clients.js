// What clients that stop reading cost the server, and the clients that go on: real sockets, and nobody tells.

import fastifySse from '@fastify/sse'
import { createAdaptorServer } from '@hono/node-server'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { listen } from './runner/arena.js'
import { lines } from './runner/charts.js'
import { answer, Child, childArguments, isProgram, wait } from './runner/child.js'
import { joinAll } from './runner/clients.js'
import { figure } from './runner/figures.js'
import { Delays, stamped } from './runner/probes.js'
import { compare } from './runner/rounds.js'
import { WAYS as WAYS_OVER_HTTP } from './runner/ways.js'

const CLIENTS = 1_000
/** Of a hundred clients. */
const SLOW = [1, 10, 50]
const PROBES = 100
const TEXT = 'x'.repeat(65_536)
/** So many that those who miss them are over the bound of a stream, 1 MiB; with a rest after each, so that all servers here keep up. */
const EVENTS = 18
const EVERY_MS = 300

const isSlow = (url) => url === '/slow'

/** Sends to each by itself, as those do that have no channels. */
class Each {
  #all = new Set()

  /** @param {(data: string) => Promise<unknown>} send */
  join(send, onLeave) {
    this.#all.add(send)
    onLeave(() => this.#all.delete(send))
  }

  publish(data) {
    for (const send of this.#all) send(data).catch(() => {})
  }
}

/** Each gives a server, and what publishes to all. */
const WAYS = {
  eventwire: WAYS_OVER_HTTP.eventwire,
  'better-sse': WAYS_OVER_HTTP['better-sse'],
  async '@fastify/sse'() {
    const each = new Each()
    const app = Fastify()
    await app.register(fastifySse, { serializer: (text) => text })
    app.get('/*', { sse: 'only' }, async (_request, reply) => {
      reply.sse.keepAlive()
      each.join(
        (data) => reply.sse.send({ data }),
        (leave) => reply.sse.onClose(leave),
      )
      // Its head leaves with the first event.
      await reply.sse.send({ data: 'hello' })
    })
    await app.ready()
    return { server: app.server, publish: (data) => each.publish(data) }
  },
  "Hono's streamSSE"() {
    const each = new Each()
    const app = new Hono().get('/*', (c) =>
      streamSSE(c, (stream) => {
        each.join(
          (data) => stream.writeSSE({ data }),
          (leave) => stream.onAbort(leave),
        )
        return new Promise((resolve) => stream.onAbort(resolve))
      }),
    )
    return {
      server: createAdaptorServer({ fetch: app.fetch }),
      publish: (data) => each.publish(data),
    }
  },
}

const MOST = 'resident MiB at most, above the start'
const HELD = 'MiB held at the end'
const OPEN = '% of those that stopped still connected'

/** A comment as long as an event, in a chunk of its own. */
const FILLING = `10004\r\n:${TEXT}\n\n\r\n`

/**
 * Gives the kernel what it takes for clients that do not read, some MiB each: from then on it is their server that holds what
 * it sends them.
 */
async function fillKernel(sockets) {
  for (let idle = 0; idle < 20; idle++) {
    for (const socket of sockets) {
      if (socket.writableLength > 0) continue
      socket.write(FILLING)
      idle = 0
    }
    await wait(10)
  }
}

/** What cannot be collected, in the heap and outside of it. */
function held() {
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The server's process: publishes to all, and tells what it holds meanwhile. */
async function serve(way, slow) {
  const { server, publish } = await WAYS[way]()
  const stopped = []
  server.on('request', ({ url, socket }) => {
    if (isSlow(url)) stopped.push(socket)
  })
  process.send(await listen(server))
  await answer(async () => {
    await fillKernel(stopped)
    const before = { resident: process.memoryUsage.rss(), held: held() }
    let most = before.resident
    for (let i = 0; i < EVENTS; i++) {
      publish(stamped(TEXT))
      await wait(EVERY_MS)
      most = Math.max(most, process.memoryUsage.rss())
    }
    const left = stopped.filter(({ destroyed }) => !destroyed)
    return {
      [MOST]: (most - before.resident) / 2 ** 20,
      [HELD]: (held() - before.held) / 2 ** 20,
      [OPEN]: (100 * left.length) / slow,
    }
  })
}

/** The clients' process: some never read, some tell how long each event took. */
async function read(port, slow) {
  const delays = new Delays()
  const stopped = []
  const pathOf = (index) => (index < slow ? '/slow' : '/')
  await joinAll({ port, clients: CLIENTS, pathOf }, (socket, index) => {
    if (index < slow) stopped.push(socket.pause())
    else if (index >= CLIENTS - PROBES) delays.watch(socket)
    else socket.resume()
  })
  process.send('connected')
  await answer(() => delays.take({ 'p50 of the others, ms': 50, 'p99 of the others, ms': 99 }))
}

async function measured(way, slow) {
  const server = new Child(import.meta.url, 'serve', way, slow)
  let clients
  try {
    clients = new Child(import.meta.url, 'read', await server.hears(), slow)
    await clients.hears()
    const held = await server.ask('publish')
    await wait(200)
    const { count, readings } = await clients.ask('tell')
    if (count < EVENTS * PROBES * 0.9) throw new Error(`Only ${count} events came`)
    return { ...held, ...readings }
  } finally {
    await server.end()
    await clients?.end()
  }
}

export async function* tables() {
  for (const share of SLOW) {
    const slow = (CLIENTS * share) / 100
    yield {
      key: `${share}`,
      title: `${share} % of 1,000 clients have stopped reading`,
      rows: await compare(
        Object.fromEntries(Object.keys(WAYS).map((way) => [way, () => measured(way, slow)])),
        { rounds: 1, isWarm: true },
      ),
      ratios: [],
    }
  }
}

export const charts = (results) => ({
  'slow-clients': lines(
    results.flatMap((table) =>
      Object.keys(WAYS).map((name) => ({
        name,
        at: Number(table.key),
        most: figure(table, name, MOST),
        p50: figure(table, name, 'p50 of the others, ms'),
        p99: figure(table, name, 'p99 of the others, ms'),
      })),
    ),
    {
      at: '% of the clients have stopped reading',
      panels: {
        'resident memory above the start, MiB': { field: 'most' },
        'p99 of the delay of the others, ms': { field: 'p99' },
      },
    },
  ),
})

if (isProgram(import.meta.url)) {
  const [role, ...args] = childArguments()
  if (role === 'serve') await serve(args[0], Number(args[1]))
  else await read(Number(args[0]), Number(args[1]))
}
