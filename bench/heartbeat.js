// What heartbeats cost a server whose many streams are silent, and nothing else happens.

import { createServer } from 'node:http'
import { createSession } from 'better-sse'
import { openStream } from 'eventwire/node'
import { listen } from './runner/arena.js'
import { bars } from './runner/charts.js'
import { answer, Child, childArguments, isProgram, wait } from './runner/child.js'
import { clientsFor, Readers } from './runner/clients.js'
import { figure } from './runner/figures.js'
import { progress } from './runner/progress.js'
import { compare } from './runner/rounds.js'

const CLIENTS = clientsFor(20_000)

/** More often than anybody would, so that a round is short. */
const EVERY_MS = 4_000

/** What applications choose. */
const USUAL_SECONDS = 15

const FLOOR = 'floor: one framed chunk to each socket'

const open = (res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
}

/** How a response is kept alive. */
const WAYS = {
  [FLOOR]: () => {
    const responses = new Set()
    const frame = Buffer.from('3\r\n:\n\n\r\n')
    // A tenth of them at a time, as those that came at different times would be due.
    let tenth = 0
    setInterval(() => {
      tenth = (tenth + 1) % 10
      let index = 0
      for (const { socket } of responses) if (index++ % 10 === tenth) socket.write(frame)
    }, EVERY_MS / 10)
    return (_req, res) => {
      open(res)
      responses.add(res)
    }
  },
  eventwire: () => (req, res) => void openStream(req, res, { heartbeatMs: EVERY_MS }),
  'better-sse': () => (req, res) => void createSession(req, res, { keepAlive: EVERY_MS }),
  'bare res, a timer each': () => (_req, res) => {
    open(res)
    setInterval(() => res.write(':\n\n'), EVERY_MS)
  },
}

/** The server's process: tells what CPU it has used. */
async function serve(way) {
  process.send(await listen(createServer(WAYS[way]())))
  await answer(() => {
    const { user, system } = process.cpuUsage()
    return user + system
  })
}

class Seat {
  static async open(way) {
    const seat = new Seat()
    seat.server = new Child(import.meta.url, way)
    seat.readers = await Readers.join({ port: await seat.server.hears(), clients: CLIENTS })
    return seat
  }

  async totals() {
    return { bytes: await this.readers.bytes(), micros: await this.server.ask('cpu') }
  }

  async close() {
    await this.server.end()
    await this.readers?.end()
  }
}

const EACH = 'CPU µs a heartbeat'
const SHARE = `% of a core, each stream every ${USUAL_SECONDS} s`

/** All at the same time: a server that sends them does nothing in between. */
async function measureAll(seats) {
  const all = () => Promise.all(seats.map((seat) => seat.totals()))
  const before = await all()
  await wait(EVERY_MS)
  return (await all()).map(({ bytes, micros }, index) => {
    // better-sse's is as long: a colon and two line feeds, framed.
    const heartbeats = (bytes - before[index].bytes) / '3\r\n:\n\n\r\n'.length
    if (heartbeats < 0.8 * CLIENTS) throw new Error(`Only ${heartbeats} heartbeats came`)
    const each = (micros - before[index].micros) / heartbeats
    return { [EACH]: each, [SHARE]: (each * CLIENTS) / USUAL_SECONDS / 10_000 }
  })
}

export async function* tables() {
  const seats = []
  try {
    for (const way of Object.keys(WAYS)) {
      progress.doing(`connecting ${CLIENTS} clients: ${way}`)
      seats.push(await Seat.open(way))
    }
    let readings
    const rows = Object.fromEntries(
      Object.keys(WAYS).map((way, index) => [
        way,
        async () => {
          if (index === 0) readings = await measureAll(seats)
          return readings[index]
        },
      ]),
    )
    const title = `heartbeats of ${CLIENTS.toLocaleString('en-US')} idle streams`
    yield { key: 'heartbeat', title, rows: await compare(rows, { rounds: 3 }), ratios: [EACH] }
  } finally {
    for (const seat of seats) await seat.close()
  }
}

export const charts = ([table]) => ({
  heartbeat: bars(
    Object.keys(WAYS).map((name) => ({ name, value: figure(table, name), panel: table.title })),
    EACH,
  ),
})

if (isProgram(import.meta.url)) await serve(...childArguments())
