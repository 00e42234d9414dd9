// A server in a process of its own, to which happens what cannot happen to the one that runs the tests.

import { createServer } from 'node:http'
import { SseChannel, streamStats } from 'eventwire'
import { openStream } from 'eventwire/node'

const problems = []
const acceptErrors = []
process.on('warning', (warning) => problems.push(`${warning.name}: ${warning.message}`))
process.on('unhandledRejection', (error) => problems.push(`unhandled: ${error}`))
process.on('uncaughtException', (error) => problems.push(`uncaught: ${error}`))

const channel = new SseChannel({ onError: (error) => problems.push(error.message) })
const server = createServer((req, res) => {
  const stream = openStream(req, res, {
    heartbeatMs: 100,
    stallTimeoutMs: 1_000,
    maxBufferedBytes: 100_000_000,
  })
  void channel.subscribe(stream)
})
server.on('error', ({ code }) => acceptErrors.push(code))

const clocks = { Date: Date.now, performance: performance.now.bind(performance) }

const orders = {
  publish: (data) => channel.publish({ data }),
  /** Sends more than any kernel takes at once, in one tick. */
  flood(count) {
    for (let i = 0; i < count; i++) void channel.publish({ data: `${i}`.padEnd(262_144, '.') })
  },
  /** Keeps the event loop from everything for so long. */
  block: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  /** Puts a clock forward, or back. */
  jump({ clock, ms }) {
    const jumped = () => clocks[clock]() + ms
    if (clock === 'Date') Date.now = jumped
    else performance.now = jumped
  },
  stats: () => ({ ...streamStats(), problems, acceptErrors, size: channel.size }),
}

process.on('message', async ({ order, value }) =>
  process.send({ answer: await orders[order](value) }),
)
process.on('disconnect', () => process.exit())

server.listen({ port: 0, host: '127.0.0.1', backlog: 1_000 }, () =>
  process.send({ answer: server.address().port }),
)
