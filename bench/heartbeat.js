// What heartbeats cost a server whose many streams are silent, and nothing else happens.

import { createServer } from 'node:http'
import { createSession } from 'better-sse'
import { encodeEvent } from 'eventwire'
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
const OURS = 'eventwire'

const framed = (text) => `${text.length.toString(16)}\r\n${text}\r\n`
const HEARTBEAT = ':\n\n'

/** Bytes of a heartbeat on the wire: ours has a space after the colon. */
const lengthOf = (way) => framed(way === OURS ? encodeEvent({ comment: '' }) : HEARTBEAT).length

const open = (res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
}

/** How a response is kept alive. */
const WAYS = {
  [FLOOR]: () => {
    const frame = Buffer.from(framed(HEARTBEAT))
    // A tenth of them at a time, as those that came at different times would be due.
    const due = Array.from({ length: 10 }, () => [])
    let tenth = 0
    setInterval(() => {
      for (const socket of due[tenth++ % due.length]) socket.write(frame)
    }, EVERY_MS / due.length)
    let index = 0
    return (_req, res) => {
      open(res)
      due[index++ % due.length].push(res.socket)
    }
  },
  [OURS]: () => (req, res) => void openStream(req, res, { heartbeatMs: EVERY_MS }),
  'better-sse': () => (req, res) => void createSession(req, res, { keepAlive: EVERY_MS }),
  'bare res, a timer each': () => (_req, res) => {
    open(res)
    setInterval(() => res.write(HEARTBEAT), EVERY_MS)
  },
}

/** The server's process: tells what CPU it has used; a round begins with what the last has left collected. */
async function serve(way) {
  process.send(await listen(createServer(WAYS[way]())))
  await answer((message) => {
    if (message === 'begin') globalThis.gc()
    const { user, system } = process.cpuUsage()
    return user + system
  })
}

class Seat {
  static async open(way) {
    const seat = new Seat()
    seat.heartbeatBytes = lengthOf(way)
    seat.server = new Child(import.meta.url, way)
    seat.readers = await Readers.join({ port: await seat.server.hears(), clients: CLIENTS })
    return seat
  }

  async totals(message) {
    return { bytes: await this.readers.bytes(), micros: await this.server.ask(message) }
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
  const all = (message) => Promise.all(seats.map((seat) => seat.totals(message)))
  const before = await all('begin')
  await wait(EVERY_MS)
  return (await all('end')).map(({ bytes, micros }, index) => {
    const heartbeats = (bytes - before[index].bytes) / seats[index].heartbeatBytes
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
    yield { key: 'heartbeat', title, rows: await compare(rows, { rounds: 5 }), ratios: [EACH] }
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
