// What compression costs a server and saves on the wire: streams of one channel over HTTP/1.1, between events and with them.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { constants } from 'node:zlib'
import compression from 'compression'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { Child, childArguments, isProgram } from './runner/child.js'
import { compare } from './runner/rounds.js'

const CLIENTS = 500
const EVENTS = 60

const subscribe = (channel, options) => (req, res) =>
  void channel.subscribe(openStream(req, res, options))

/** By the middleware, with a window as small as ours. */
const byMiddleware = (channel, options) => {
  const compress = compression({ threshold: 0, ...options })
  return (req, res) =>
    compress(req, res, () =>
      subscribe(channel, { headers: { 'cache-control': 'no-cache' } })(req, res),
    )
}

const HANDLERS = {
  plain: (channel) => subscribe(channel),
  'compress: true, gzip': (channel) => subscribe(channel, { compress: true }),
  'compress: true, br': (channel) => subscribe(channel, { compress: true }),
  'compression middleware, gzip': (channel) => byMiddleware(channel),
  'compression middleware, gzip, small window': (channel) =>
    byMiddleware(channel, { windowBits: 12, memLevel: 4, chunkSize: 1_024 }),
  'compression middleware, br': (channel) =>
    byMiddleware(channel, { brotli: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } } }),
}

const price = (n, at) => ({
  event: 'price',
  data: { symbol: 'ACME', cents: 9_000 + ((n * 7_919) % 97), at, volume: (n * 31) % 500 },
})

/** A page of a list: events of some KiB. */
const page = (n, at) => ({
  event: 'page',
  data: Array.from({ length: 40 }, (_, i) => price(n * 40 + i, at + i).data),
})

const EVENT_KINDS = { small: price, large: page }

/** In a process of its own: a server that tells what its streams hold and its events cost. */
async function serve(name, kind) {
  const channel = new SseChannel()
  const server = createServer(HANDLERS[name](channel)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const settle = async () => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      globalThis.gc()
    }
    return process.memoryUsage().rss
  }
  const before = await settle()
  process.send({ port: server.address().port })
  await once(process, 'message')
  const cpuBefore = process.cpuUsage()
  for (let n = 0; n < EVENTS; n++) {
    await channel.publish(EVENT_KINDS[kind](n, 1_700_000_000_000 + n * 1_000))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  process.send({
    'resident KiB a stream': ((await settle()) - before) / CLIENTS / 1_024,
    'CPU µs a delivery': (user + system) / EVENTS / CLIENTS,
  })
}

async function measured(name, kind) {
  const child = new Child(import.meta.url, name, kind)
  const sockets = []
  let bytes = 0
  const coding = name.includes('br') ? 'br' : 'gzip'
  try {
    const { port } = await child.hears()
    for (let i = 0; i < CLIENTS; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${coding}\r\n\r\n`)
      await once(socket, 'data')
      socket.on('data', ({ length }) => {
        bytes += length
      })
    }
    const readings = await child.ask('connected')
    return { ...readings, 'bytes on the wire a delivery': bytes / EVENTS / CLIENTS }
  } finally {
    for (const socket of sockets) socket.destroy()
    await child.end()
  }
}

export async function* tables() {
  for (const kind of Object.keys(EVENT_KINDS)) {
    const rows = Object.fromEntries(
      Object.keys(HANDLERS).map((name) => [name, () => measured(name, kind)]),
    )
    yield {
      key: kind,
      title: `${CLIENTS} streams of one channel, ${kind} events`,
      rows: await compare(rows, { rounds: 3, isWarm: true }),
    }
  }
}

if (isProgram(import.meta.url)) await serve(...childArguments())
