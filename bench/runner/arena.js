// Servers with many clients each: what a tick of events costs the server in CPU, for each delivery.

import { once } from 'node:events'
import { answer, Child, wait } from './child.js'
import { Readers } from './clients.js'
import { progress } from './progress.js'
import { compare } from './rounds.js'

/** What each event carries: each way gets the object, as its users have it, and writes it as JSON. */
export const DATA = {
  symbol: 'ACME',
  cents: 123_456,
  at: 1_700_000_000_000,
  text: 'x'.repeat(40),
}

export const DATA_TEXT = JSON.stringify(DATA)

/** Listens where the clients connect. */
export async function listen(server) {
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 })
  await once(server, 'listening')
  return server.address().port
}

/**
 * The server's process: one way to send, told by messages to publish and to say what that took.
 *
 * @param {import('node:net').Server} server
 * @param {(events: number) => void} publish - sends so many events to all clients, in one tick
 */
export async function serve(server, publish) {
  process.send({ port: await listen(server) })
  await answer(async ({ ticks, events, isQuick }) => {
    globalThis.gc()
    const before = process.cpuUsage()
    for (let tick = 0; tick < ticks; tick++) {
      publish(events)
      // The next tick begins when the sockets have been seen to.
      await new Promise((resolve) => (isQuick ? setImmediate(resolve) : setTimeout(resolve, 1)))
    }
    const { user, system } = process.cpuUsage(before)
    return { micros: user + system }
  })
}

/** A running server with its clients. */
class Seat {
  static async open(bench, { way, clients, protocol = 'http/1.1' }) {
    const seat = new Seat()
    seat.server = new Child(bench, way, protocol)
    const { port } = await seat.server.hears()
    seat.readers = await Readers.join({ port, clients, protocol })
    seat.count = clients
    return seat
  }

  /** Microseconds of CPU for each event delivered to each client. */
  async cost({ ticks, events, isQuick = false }) {
    const before = await this.readers.bytes()
    const { micros } = await this.server.ask({ ticks, events, isQuick })
    let received = 0
    for (let seen = -1; received !== seen; ) {
      seen = received
      await wait(20)
      received = (await this.readers.bytes()) - before
    }
    const expected = ticks * events * this.count * DATA_TEXT.length
    if (received < expected) throw new Error(`expected ${expected} bytes or more, got ${received}`)
    return micros / (ticks * events * this.count)
  }

  async close() {
    await this.server?.end()
    await this.readers?.end()
  }
}

/** Several servers with their clients, all open at once, so that what befalls one befalls all. */
export class Arena {
  #seats = {}

  /**
   * @param {string} bench - the URL of the module whose process serves a way over a protocol
   * @param {Record<string, { way: string, clients: number, protocol?: string }>} seats
   */
  static async open(bench, seats) {
    const arena = new Arena()
    try {
      for (const [name, seat] of Object.entries(seats)) {
        progress.doing(`connecting ${seat.clients} clients: ${name}`)
        arena.#seats[name] = await Seat.open(bench, seat)
      }
    } catch (error) {
      await arena.close()
      throw error
    }
    return arena
  }

  /**
   * Compares what a delivery costs each of them.
   *
   * @param {{ rounds: number, events: number, deliveries: number, isQuick?: boolean }} options - events a tick, and deliveries
   * of each in a round, so many that the clock of the CPU has something to count
   */
  compare({ rounds, events, deliveries, isQuick }) {
    const rows = Object.fromEntries(
      Object.entries(this.#seats).map(([name, seat]) => {
        const ticks = Math.ceil(deliveries / events / seat.count)
        return [name, () => seat.cost({ ticks, events, isQuick })]
      }),
    )
    return compare(rows, { rounds, unit: 'CPU µs a delivery' })
  }

  async close() {
    for (const seat of Object.values(this.#seats)) await seat.close()
  }
}
