// A client and our own server, with a wire between them that is cut at random: every event exactly once.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import {
  type AddressInfo,
  createServer as createRelay,
  connect as dial,
  type Server as Relay,
  type Socket,
} from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openStream } from '../../src/adapters/node.js'
import { connect } from '../../src/client.js'
import { SseChannel } from '../../src/index.js'

const portOf = (server: Server | Relay) => (server.address() as AddressInfo).port

/** A wire that breaks after so many bytes of each answer, as long as there is a number for it. */
async function startRelay(target: number, cuts: number[]) {
  const sockets = new Set<Socket>()
  let broken = 0
  const relay = createRelay((socket) => {
    const upstream = dial(target, '127.0.0.1')
    let left = cuts.shift() ?? Number.POSITIVE_INFINITY
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(end)
          socket.destroy()
          upstream.destroy()
        })
    }
    socket.pipe(upstream)
    upstream.on('data', (chunk) => {
      const part = chunk.subarray(0, left)
      left -= chunk.length
      if (left > 0) socket.write(part)
      else if (!socket.destroyed) {
        broken++
        upstream.destroy()
        socket.write(part, () => socket.resetAndDestroy())
      }
    })
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  const stop = async () => {
    relay.close()
    for (const socket of sockets) socket.destroy()
    await once(relay, 'close')
  }
  return { relay, stop, broken: () => broken }
}

/** Publishes so many events while a client reads them over a wire that breaks, and gives what it read. */
async function run(count: number, cuts: number[], endings: number[]) {
  const channel = new SseChannel<{ message: string }>({ history: { maxEvents: 10_000 } })
  const server = createServer((req, res) => {
    const stream = openStream<{ message: string }>(req, res)
    // Some streams are ended in good order, too.
    const ending = endings.shift()
    if (ending !== undefined) setTimeout(() => stream.end(), ending).unref()
    void channel.subscribe(stream)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { relay, stop, broken } = await startRelay(portOf(server), [...cuts])
  const connection = connect(`http://127.0.0.1:${portOf(relay)}/`, {
    // The first attempts may break before a position is known; an id makes them resume all the same.
    lastEventId: await channel.publish({ data: 'first' }),
    reconnect: { baseMs: 1, maxMs: 2 },
  })
  const publish = async () => {
    for (let i = 0; i < count; i++) {
      await channel.publish({ data: `${i} ${'.'.repeat(i % 90)}` })
      if (i % 7 === 0) await new Promise(setImmediate)
    }
  }
  const publishing = publish()
  const seen: string[] = []
  const reading = async () => {
    for await (const { event, data } of connection) {
      expect(event).toBe('message')
      seen.push(data.split(' ', 1)[0] as string)
      if (seen.length === count) break
    }
  }
  try {
    await Promise.all([publishing, reading()])
    return { seen, broken: broken() }
  } finally {
    connection.close()
    await channel.close()
    await stop()
    server.closeAllConnections()
    server.close()
  }
}

describe('connect, with a channel at the other end', () => {
  test('gives every event once and in order, wherever the wire is cut', async () => {
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 50, max: 400 }),
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 }),
        async (count, lengths, endings) => {
          const { seen, broken } = await run(count, lengths, endings)
          cuts += broken
          expect(seen).toEqual(Array.from({ length: count }, (_, i) => String(i)))
        },
      ),
      { numRuns: 40, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
    )
    expect(cuts).toBeGreaterThan(0)
  })
})
