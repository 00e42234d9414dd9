// From publish to client while many clients get each event: how long the first, the middle and the last of them wait.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { listen } from './runner/arena.js'
import { lines } from './runner/charts.js'
import { answer, Child, childArguments, isProgram, wait } from './runner/child.js'
import { joinAll, sizesFor } from './runner/clients.js'
import { figure } from './runner/figures.js'
import { Delays, stamped } from './runner/probes.js'
import { progress } from './runner/progress.js'
import { compare } from './runner/rounds.js'
import { BARE, WAYS } from './runner/ways.js'

const SIZES = sizesFor([1_000, 5_000, 10_000])
const COMPARED = [BARE, 'eventwire', 'better-sse']
/** What the server is given to do: about half of a core by the raw API. */
const DELIVERIES_A_SECOND = 40_000
const ROUND_MS = 1_500
/**
 * Clients that tell when an event came. The others leave it to the kernel until the round is over: their own work, on
 * the same machine as the server's, is not to be a part of the delay.
 */
const PROBES = 200
const TEXT = 'x'.repeat(100)

/** The server's process: publishes at its pace, and tells how late its loop was. */
async function serve(way, clients) {
  const { server, publish } = WAYS[way]()
  process.send(await listen(server))
  const everyMs = (1_000 * clients) / DELIVERIES_A_SECOND
  await answer(async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const startMs = performance.now()
    let events = 0
    while (performance.now() - startMs < ROUND_MS) {
      publish(stamped(TEXT))
      events++
      // By the clock, so that a server that falls behind is given no less to do.
      await wait(Math.max(1, startMs + events * everyMs - performance.now()))
    }
    delay.disable()
    // It counts the whole time between two rings of a timer of 1 ms. The longest, for a loop that is held up rings seldom: among the
    // rings of an idle rest even the 99th percentile may have none of them.
    return { events, loopMs: delay.max / 1e6 - 1 }
  })
}

/** The clients' process: some keep what time each event took. */
async function probe(port, clients) {
  const others = []
  const delays = new Delays()
  await joinAll({ port, clients }, (socket, index) => {
    if (index % Math.floor(clients / PROBES) !== 0) {
      others.push(socket.pause())
      return
    }
    delays.watch(socket)
  })
  process.send('connected')
  await answer(async () => {
    const taken = delays.take(PERCENTS)
    for (const socket of others) socket.on('data', () => {}).resume()
    await wait(200)
    for (const socket of others) socket.pause()
    return taken
  })
}

const PERCENTS = { 'p50, ms': 50, 'p99, ms': 99, 'p99.9, ms': 99.9 }
const LOOP = "the loop's longest delay, ms"

class Seat {
  static async open(way, clients) {
    const seat = new Seat()
    seat.server = new Child(import.meta.url, 'serve', way, clients)
    seat.probes = new Child(import.meta.url, 'probe', await seat.server.hears(), clients)
    await seat.probes.hears()
    return seat
  }

  async measure() {
    const { events, loopMs } = await this.server.ask('publish')
    // What is under way arrives.
    await wait(200)
    const { count, readings } = await this.probes.ask('tell')
    if (count < events * PROBES) throw new Error(`Of ${events * PROBES} events ${count} came`)
    return { ...readings, [LOOP]: loopMs }
  }

  async close() {
    await this.server.end()
    await this.probes?.end()
  }
}

export async function* tables() {
  for (const clients of SIZES) {
    const seats = {}
    try {
      for (const way of COMPARED) {
        progress.doing(`connecting ${clients} clients: ${way}`)
        seats[way] = await Seat.open(way, clients)
      }
      const rows = Object.fromEntries(
        Object.entries(seats).map(([way, seat]) => [way, () => seat.measure()]),
      )
      const pace = Math.round(DELIVERIES_A_SECOND / clients)
      yield {
        key: `${clients}`,
        title: `${clients.toLocaleString('en-US')} clients, ${pace} events a second`,
        rows: await compare(rows, { rounds: 3 }),
        ratios: ['p50, ms', 'p99, ms'],
      }
    } finally {
      for (const seat of Object.values(seats)) await seat.close()
    }
  }
}

export const charts = (results) => ({
  latency: lines(
    results.flatMap((table) =>
      COMPARED.map((name) => ({
        name,
        at: Number(table.key),
        p50: figure(table, name, 'p50, ms'),
        p99: figure(table, name, 'p99, ms'),
      })),
    ),
    {
      at: 'clients',
      panels: {
        'p50 from publish to client, ms': { field: 'p50' },
        'p99 from publish to client, ms': { field: 'p99' },
      },
    },
  ),
})

if (isProgram(import.meta.url)) {
  const [role, ...args] = childArguments()
  if (role === 'serve') await serve(args[0], Number(args[1]))
  else await probe(Number(args[0]), Number(args[1]))
}
