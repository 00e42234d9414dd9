// The same feed to the same clients by polling, long polling, WebSocket and SSE: what each costs, and how late it is.

import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { WebSocket, WebSocketServer } from 'ws'
import { listen } from './runner/arena.js'
import { lines } from './runner/charts.js'
import { answer, Child, childArguments, isProgram, nowMicros, wait } from './runner/child.js'
import { figure } from './runner/figures.js'
import { Delays, stamped } from './runner/probes.js'
import { progress } from './runner/progress.js'
import { compare } from './runner/rounds.js'

const CLIENTS = 200
const POLL_MS = 500
const TEXT = 'x'.repeat(100)

/** Updates a second, and how long a round of them is: at least one comes. */
const PACES = [
  [0.1, 10_000],
  [1, 4_000],
  [10, 2_000],
  [100, 2_000],
]

/** What a browser sends with each request, and this is a lean one: no cookies. */
const HEADERS = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'accept-language': 'en-US,en;q=0.9',
  'accept-encoding': 'gzip, deflate, br, zstd',
  referer: 'http://localhost/',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
}

/** The newest events, for clients that ask what has come since: an answer as lean as JSON over HTTP can be. */
class Recent {
  #events = []
  #last = 0

  add(data) {
    this.#events.push({ id: ++this.#last, data })
    if (this.#events.length > 1_000) this.#events.shift()
  }

  isNews({ url }) {
    return this.#sinceOf(url) < this.#last
  }

  answer({ url }, res) {
    const since = this.#sinceOf(url)
    const events = this.#events.filter(({ id }) => id > since).map(({ data }) => data)
    const body = JSON.stringify({ last: this.#last, events })
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    res.writeHead(200, { ...headers, 'cache-control': 'no-store' }).end(body)
  }

  /** A client that has nothing yet starts with what is next. */
  #sinceOf(url) {
    const since = new URL(url, 'http://localhost').searchParams.get('since')
    return since === null ? this.#last : Number(since)
  }

  get last() {
    return this.#last
  }
}

const channelServer = (create) => {
  const channel = new SseChannel()
  return {
    server: create((req, res) => void channel.subscribe(openStream(req, res))),
    publish: (data) => void channel.publish({ data }),
  }
}

const SSE = 'SSE over HTTP/1.1'
const SSE2 = 'SSE over HTTP/2'
const POLLING = `polling every ${POLL_MS} ms`
const LONG = 'long polling'
const WEBSOCKET = 'WebSocket (ws)'

/** Each gives a server, and what publishes. */
const SERVERS = {
  [POLLING]() {
    const recent = new Recent()
    return {
      server: createServer((req, res) => recent.answer(req, res)),
      publish: (data) => recent.add(data),
    }
  },
  [LONG]() {
    const recent = new Recent()
    const waiting = new Set()
    return {
      server: createServer((req, res) => {
        if (recent.isNews(req)) recent.answer(req, res)
        else waiting.add({ req: { url: `/?since=${recent.last}` }, res })
      }),
      publish(data) {
        recent.add(data)
        for (const { req, res } of waiting) recent.answer(req, res)
        waiting.clear()
      },
    }
  },
  [WEBSOCKET]() {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    return {
      server,
      publish(data) {
        for (const socket of sockets.clients) socket.send(data)
      },
    }
  },
  [SSE]: () => channelServer(createServer),
  [SSE2]: () => channelServer(createHttp2Server),
}

/** Counts what a connection carries, both ways, without what TCP and IP add. */
class Wire {
  requests = 0
  #sockets = new Set()
  #gone = 0

  watch(socket) {
    if (this.#sockets.has(socket)) return
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#gone += bytesOf(socket)
    })
  }

  get bytes() {
    return [...this.#sockets].reduce((sum, socket) => sum + bytesOf(socket), this.#gone)
  }
}

const bytesOf = ({ bytesRead, bytesWritten }) => bytesRead + bytesWritten

/** Asks again and again, over one connection that is kept. */
async function pollForever({ port, wire, delays, onReady, pauseMs }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let since
  for (;;) {
    const started = performance.now()
    wire.requests++
    const path = since === undefined ? '/' : `/?since=${since}`
    const request = get({
      port,
      host: '127.0.0.1',
      path,
      agent,
      headers: { ...HEADERS, accept: '*/*' },
    })
    request.on('socket', (socket) => wire.watch(socket))
    if (pauseMs === 0) onReady()
    const [res] = await once(request, 'response')
    let body = ''
    for await (const chunk of res.setEncoding('utf8')) body += chunk
    const now = nowMicros()
    const { last, events } = JSON.parse(body)
    since = last
    for (const data of events) delays.add(now - Number.parseInt(data, 10))
    onReady()
    // Clients that came at different times ask at different times.
    if (pauseMs > 0) await wait(Math.max(0, started + pauseMs - performance.now()))
  }
}

/** Each joins a client, which is ready when `onReady` is called. */
const CLIENT = {
  [POLLING]: async (context) => {
    await wait((context.index * POLL_MS) / CLIENTS)
    await pollForever({ ...context, pauseMs: POLL_MS })
  },
  [LONG]: (context) => pollForever({ ...context, pauseMs: 0 }),
  [WEBSOCKET]({ port, wire, delays, onReady }) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      headers: HEADERS,
      perMessageDeflate: false,
    })
    wire.requests++
    socket.on('upgrade', (res) => wire.watch(res.socket))
    socket.on('open', onReady)
    socket.on('message', (data) => delays.add(nowMicros() - Number.parseInt(data.toString(), 10)))
  },
  [SSE]({ port, wire, delays, onReady }) {
    wire.requests++
    const headers = { ...HEADERS, accept: 'text/event-stream' }
    get({ port, host: '127.0.0.1', headers, agent: new Agent() }, (res) => {
      delays.watch(res)
      onReady()
    })
      .on('socket', (socket) => wire.watch(socket))
      // The end of the server.
      .on('error', () => {})
  },
  [SSE2]({ port, wire, delays, onReady }) {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.on('connect', (_session, socket) => wire.watch(socket))
    session.on('error', () => {})
    wire.requests++
    const request = session.request({ ':path': '/', accept: 'text/event-stream', ...HEADERS })
    request.on('response', onReady)
    delays.watch(request)
  },
}

/** The server's process: publishes at the pace that it is told. */
async function serve(transport) {
  const { server, publish } = SERVERS[transport]()
  process.send(await listen(server))
  await answer(async ({ pace, roundMs, phase }) => {
    const times = Math.max(1, Math.round((pace * roundMs) / 1_000))
    const before = process.cpuUsage()
    const startMs = performance.now()
    for (let i = 0; i < times; i++) {
      // Within its part of the round, so that each is heard in it.
      await wait(startMs + ((i + phase) * roundMs) / times - performance.now())
      publish(stamped(TEXT))
    }
    await wait(startMs + roundMs - performance.now())
    const { user, system } = process.cpuUsage(before)
    return { times, micros: user + system }
  })
}

/** The clients' process: counts requests and bytes since it was last asked, and the delays of all events. */
async function listenAll(transport, port) {
  const wire = new Wire()
  const delays = new Delays()
  const joined = Array.from({ length: CLIENTS }, async (_, index) => {
    await new Promise((onReady) => CLIENT[transport]({ port, wire, delays, index, onReady }))
  })
  await Promise.all(joined)
  let before = { requests: 0, bytes: 0 }
  process.send('connected')
  await answer(() => {
    const now = { requests: wire.requests, bytes: wire.bytes }
    const since = { requests: now.requests - before.requests, bytes: now.bytes - before.bytes }
    before = now
    return { ...since, ...delays.take({ [P50]: 50, [P99]: 99 }) }
  })
}

const P50 = 'p50, ms'
const P99 = 'p99, ms'
const CPU = 'server CPU, ms a second'
const REQUESTS = 'requests a second'
const BYTES = 'KB on the wire a second'

class Seat {
  static async open(transport) {
    const seat = new Seat()
    seat.server = new Child(import.meta.url, 'serve', transport)
    seat.clients = new Child(import.meta.url, 'clients', transport, await seat.server.hears())
    await seat.clients.hears()
    return seat
  }

  /** `phase` is when an event is published, from 0 to 1 in the time between two. */
  async measure(pace, roundMs, phase = 0.5) {
    await this.clients.ask('start over')
    const { times, micros } = await this.server.ask({ pace, roundMs, phase })
    const { requests, bytes, count, readings } = await this.clients.ask('tell')
    // What is on its way at the end of the round is not waited for: a poll may be half a second away.
    if (count < CLIENTS * times * 0.5) throw new Error(`Of ${CLIENTS * times} events ${count} came`)
    const seconds = roundMs / 1_000
    return {
      [REQUESTS]: requests / seconds,
      [BYTES]: bytes / 1_000 / seconds,
      [CPU]: micros / 1_000 / seconds,
      ...readings,
    }
  }

  async close() {
    // They would take the server's end for an error.
    await this.clients?.end()
    await this.server.end()
  }
}

/** All in the same time where they leave the machine idle, each in its turn, so that none waits for another; else one after the other. */
function rowsOf(seats, pace, roundMs) {
  const isIdle = pace <= 1
  const phaseOf = (index) => (index + 0.5) / Object.keys(seats).length
  let all
  return Object.fromEntries(
    Object.entries(seats).map(([transport, seat], index) => [
      transport,
      async () => {
        if (!isIdle) return seat.measure(pace, roundMs)
        if (index === 0) {
          all = await Promise.all(
            Object.values(seats).map((each, turn) => each.measure(pace, roundMs, phaseOf(turn))),
          )
        }
        return all[index]
      },
    ]),
  )
}

export async function* tables() {
  const seats = {}
  try {
    for (const transport of Object.keys(SERVERS)) {
      progress.doing(`connecting ${CLIENTS} clients: ${transport}`)
      seats[transport] = await Seat.open(transport)
    }
    // The compiler has its say at a pace that gives it something to compile.
    for (const seat of Object.values(seats)) await seat.measure(100, 1_000)
    for (const [pace, roundMs] of PACES) {
      yield {
        key: `${pace}`,
        title: `${pace} update${pace === 1 ? '' : 's'} a second to ${CLIENTS} clients`,
        rows: await compare(rowsOf(seats, pace, roundMs), { rounds: 3, isWarm: true }),
        ratios: [],
      }
    }
  } finally {
    for (const seat of Object.values(seats)) await seat.close()
  }
}

const PANELS = { requests: REQUESTS, bytes: BYTES, cpu: CPU, p50: P50, p99: P99 }

export const charts = (results) => ({
  transports: lines(
    results.flatMap((table) =>
      Object.keys(SERVERS).map((name) => ({
        name,
        at: Number(table.key),
        ...Object.fromEntries(
          Object.entries(PANELS).map(([field, unit]) => [field, figure(table, name, unit)]),
        ),
      })),
    ),
    {
      at: 'updates a second',
      atScale: 'log',
      panels: {
        [CPU]: { field: 'cpu', scale: 'log' },
        [BYTES]: { field: 'bytes', scale: 'log' },
        'p50 of the delay, ms': { field: 'p50', scale: 'log' },
        'p99 of the delay, ms': { field: 'p99', scale: 'log' },
      },
    },
  ),
})

if (isProgram(import.meta.url)) {
  const [role, transport, port] = childArguments()
  if (role === 'serve') await serve(transport)
  else await listenAll(transport, Number(port))
}
