// Servers with many clients each: what a tick of events costs the server in CPU, for each delivery.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { compare } from './rounds.js'

/** What each event carries. */
export const DATA = JSON.stringify({
  symbol: 'ACME',
  cents: 123_456,
  at: 1_700_000_000_000,
  text: 'x'.repeat(40),
})

/**
 * The server's process: one way to send, told by messages to publish and to say what that took.
 *
 * @param {import('node:net').Server} server
 * @param {(events: number) => void} publish - sends so many events to all clients, in one tick
 */
export async function serve(server, publish) {
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 })
  await once(server, 'listening')
  process.send({ port: server.address().port })
  for await (const [{ ticks, events }] of messages()) {
    globalThis.gc()
    const before = process.cpuUsage()
    for (let tick = 0; tick < ticks; tick++) {
      publish(events)
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

/** How a client joins: gives what its bytes come by. */
const JOIN = {
  'http/1.1': (port, host) => {
    const socket = connect({ port, host })
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
    return { source: socket, joined: once(socket, 'data') }
  },
  h2: (port, host) => {
    const session = connectHttp2(`http://${host}:${port}`)
    session.on('error', () => {})
    const request = session.request({ ':path': '/', accept: 'text/event-stream' })
    return { source: request, joined: once(request, 'response') }
  },
}

/** The clients' process: they read and count, no more. */
async function readAll(protocol, port, clients) {
  let bytes = 0
  for (let i = 0; i < clients; i++) {
    // One address has about 28,000 ports to connect from.
    const { source, joined } = JOIN[protocol](port, `127.0.0.${2 + (i % 8)}`)
    source.on('error', () => {})
    await joined
    source.on('data', (chunk) => {
      bytes += chunk.length
    })
  }
  process.send('connected')
  for await (const [_message] of messages()) process.send({ bytes })
}

const SELF = fileURLToPath(import.meta.url)

/** A running server with its clients. */
class Arena {
  static async open(bench, { way, clients, protocol = 'http/1.1' }) {
    const arena = new Arena()
    arena.server = fork(fileURLToPath(bench), [way, protocol], { execArgv: ['--expose-gc'] })
    const [{ port }] = await once(arena.server, 'message')
    arena.clients = fork(SELF, [protocol, `${port}`, `${clients}`])
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
 * @param {string} bench - the URL of the module whose process serves a way over a protocol
 * @param {Record<string, { way: string, clients: number, ticks: number, protocol?: string }>} seats
 */
export async function compared(bench, seats, events, rounds) {
  const arenas = {}
  try {
    for (const [name, seat] of Object.entries(seats)) {
      process.stderr.write(`\r\x1b[Kconnecting ${seat.clients} clients: ${name}`)
      arenas[name] = await Arena.open(bench, seat)
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

const isOwnProcess = process.argv[1] === SELF
if (isOwnProcess && process.send) {
  const [protocol, port, clients] = process.argv.slice(2)
  await readAll(protocol, Number(port), Number(clients))
}
