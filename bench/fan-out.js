// Server CPU for each event delivered to each of many clients: one sequence, fanned out over HTTP/1.1.

import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createChannel, createSession } from 'better-sse'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { compare } from './rounds.js'

const DATA = JSON.stringify({
  symbol: 'ACME',
  cents: 123_456,
  at: 1_700_000_000_000,
  text: 'x'.repeat(40),
})

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

/** The server's process: one way, told by messages to publish and to say what that took. */
async function serve(name) {
  const way = WAYS[name]()
  const server = createServer((req, res) => way.join(req, res))
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 })
  await once(server, 'listening')
  process.send({ port: server.address().port })
  for await (const [{ ticks, events }] of messages()) {
    globalThis.gc()
    const before = process.cpuUsage()
    for (let tick = 0; tick < ticks; tick++) {
      way.publish(events)
      // The next tick begins when the sockets have been seen to.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const { user, system } = process.cpuUsage(before)
    process.send({ micros: user + system })
  }
}

async function* messages() {
  for (;;) yield once(process, 'message')
}

/** The clients' process: they read and count, no more. */
async function readAll(port, clients) {
  let bytes = 0
  for (let i = 0; i < clients; i++) {
    // One address has about 28,000 ports to connect from.
    const socket = connect({ port, host: `127.0.0.${2 + (i % 8)}` })
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    await once(socket, 'data')
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
  }
  process.send('connected')
  for await (const [_message] of messages()) process.send({ bytes })
}

const SELF = fileURLToPath(import.meta.url)

/** A running server with its clients. */
class Arena {
  static async open(name, clients) {
    const arena = new Arena()
    arena.server = fork(SELF, ['serve', name], { execArgv: ['--expose-gc'] })
    const [{ port }] = await once(arena.server, 'message')
    arena.clients = fork(SELF, ['read', `${port}`, `${clients}`])
    await once(arena.clients, 'message')
    arena.count = clients
    return arena
  }

  /** Microseconds of CPU for each event delivered to each client. */
  async cost(ticks, events) {
    const before = await this.#bytes()
    this.server.send({ ticks, events })
    const [{ micros }] = await once(this.server, 'message')
    let received = 0
    for (let seen = -1; received !== seen; ) {
      seen = received
      await new Promise((resolve) => setTimeout(resolve, 20))
      received = (await this.#bytes()) - before
    }
    const expected = ticks * events * this.count * DATA.length
    if (received < expected) throw new Error(`expected ${expected} bytes or more, got ${received}`)
    return micros / (ticks * events * this.count)
  }

  async #bytes() {
    this.clients.send('count')
    const [{ bytes }] = await once(this.clients, 'message')
    return bytes
  }

  async close() {
    for (const child of [this.server, this.clients]) {
      child.kill()
      await once(child, 'close')
    }
  }
}

/**
 * Compares the arenas that `seats` names, all open at once, so that what befalls one befalls all.
 *
 * @param {Record<string, { way: string, clients: number, ticks: number }>} seats
 */
async function compared(seats, events, rounds) {
  const arenas = {}
  try {
    for (const [name, { way, clients }] of Object.entries(seats)) {
      process.stderr.write(`\r\x1b[Kconnecting ${clients} clients: ${name}`)
      arenas[name] = await Arena.open(way, clients)
    }
    const rows = Object.fromEntries(
      Object.entries(seats).map(([name, { ticks }]) => [
        name,
        () => arenas[name].cost(ticks, events),
      ]),
    )
    // The compiler has its say first.
    for (const measure of Object.values(rows)) await measure()
    return await compare(rows, { rounds, unit: 'CPU µs a delivery' })
  } finally {
    for (const arena of Object.values(arenas)) await arena.close()
  }
}

async function ways(events, ticks) {
  const seats = Object.fromEntries(
    Object.keys(WAYS).map((way) => [way, { way, clients: 1_000, ticks }]),
  )
  return {
    title: `1000 clients, ${events} event${events > 1 ? 's' : ''} a tick`,
    rows: await compared(seats, events, 9),
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
  return { title: 'as the clients grow, 1 event a tick', rows: await compared(seats, 1, 9) }
}

export async function* tables() {
  yield ways(1, 60)
  yield ways(10, 40)
  yield sizes()
}

const [role, ...args] = process.send ? process.argv.slice(2) : []
if (role === 'serve') await serve(args[0])
if (role === 'read') await readAll(Number(args[0]), Number(args[1]))
