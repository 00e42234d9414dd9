// The adapter of Node.js: the contract on each of its servers, and what only a raw socket shows.

import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import {
  acceptsEventStream,
  lastEventIdOf,
  type NodeRequest,
  type NodeResponse,
  openStream,
  refuse,
  stop,
} from '../../src/adapters/node.js'
import { closeAllStreams, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { type Call, describeAdapter, type Serve } from './contract.js'

type Listener = (req: NodeRequest, res: NodeResponse) => void

type AnyServer = http.Server | https.Server | http2.Http2Server | http2.Http2SecureServer

async function listen(server: AnyServer): Promise<{ port: number; close(): Promise<void> }> {
  const sessions = new Set<http2.Http2Session>()
  server.on('session', (session: http2.Http2Session) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}

function serve(
  scheme: string,
  create: (listener: Listener) => AnyServer | Promise<AnyServer>,
): Serve {
  return async (handle) => {
    const server = await create((req, res) => {
      const call: Call = {
        openStream: (options) => openStream(req, res, options),
        stop: () => stop(res),
        refuse: (options) => refuse(res, options),
        setHeader: (name, value) => void res.setHeader(name, value),
        acceptsEventStream: () => acceptsEventStream(req),
        lastEventIdOf: () => lastEventIdOf(req),
      }
      handle(call)
    })
    const { port, close } = await listen(server)
    return { url: `${scheme}://127.0.0.1:${port}`, close }
  }
}

describeAdapter(
  'eventwire/node on http',
  { protocol: 'http/1.1' },
  serve('http', (listener) => http.createServer(listener)),
)
describeAdapter(
  'eventwire/node on https',
  { protocol: 'http/1.1' },
  serve('https', async (listener) => https.createServer(await certificate(), listener)),
)
describeAdapter(
  'eventwire/node on http2',
  { protocol: 'h2' },
  serve('https', async (listener) => http2.createSecureServer(await certificate(), listener)),
)
describeAdapter(
  'eventwire/node on http2 without TLS',
  { protocol: 'h2' },
  serve('http', (listener) => http2.createServer(listener)),
)
describeAdapter(
  'eventwire/node on http2 that allows HTTP/1.1',
  { protocol: 'http/1.1' },
  serve('https', async (listener) =>
    http2.createSecureServer({ ...(await certificate()), allowHTTP1: true }, listener),
  ),
)

describe('eventwire/node, called with something else', () => {
  const req = { headers: {} } as never
  const res = Object.assign(new http.ServerResponse(new http.IncomingMessage(null as never)), {})

  test.each<[string, () => unknown, string]>([
    [
      'openStream(res, req)',
      () => openStream(res as never, req),
      'Expected `req` to be a request of node:http, node:https or node:http2, got an instance of ServerResponse',
    ],
    [
      'openStream()',
      () => openStream(undefined as never, undefined as never),
      'Expected `req` to be a request of node:http, node:https or node:http2, got undefined',
    ],
    [
      'openStream(req, {})',
      () => openStream(req, {} as never),
      'Expected `res` to be a response of node:http, node:https or node:http2, got an object with the keys []',
    ],
    [
      'openStream(req, res, null)',
      () => openStream(req, res, null as never),
      'Expected the options to be an object, got null',
    ],
    [
      'stop(req)',
      () => stop(req),
      'Expected `res` to be a response of node:http, node:https or node:http2, got an object with the keys ["headers"]',
    ],
    [
      'refuse(res, 5000)',
      () => refuse(res, 5_000 as never),
      'Expected the options to be an object, got 5000',
    ],
    [
      'acceptsEventStream(res)',
      () => acceptsEventStream(res as never),
      'Expected `req` to be a request of node:http, node:https or node:http2, got an instance of ServerResponse',
    ],
    [
      'lastEventIdOf(res)',
      () => lastEventIdOf(res as never),
      'Expected `req` to be a request of node:http, node:https or node:http2, got an instance of ServerResponse',
    ],
    [
      'acceptsEventStream(req, "STRICT")',
      () => acceptsEventStream(req, 'STRICT' as never),
      'Expected `accept` to be one of "lenient", "strict", false, got "STRICT"',
    ],
  ])('%s says what it expects', (_call, act, message) => {
    expect(act).toThrow(new TypeError(message))
    expect(res.headersSent).toBe(false)
  })
})

describe('eventwire/node on a raw socket', () => {
  /** A server that opens a stream for each request, and a client that writes what it likes. */
  async function open(...requests: string[]) {
    const streams: SseStream[] = []
    const server = http.createServer((req, res) => {
      streams.push(openStream(req, res, { heartbeatMs: false }))
    })
    server.on('clientError', (_error, socket) => socket.destroy())
    const { port, close } = await listen(server)
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.write(requests.map((request) => `${request}\r\n\r\n`).join(''))
    await vi.waitUntil(() => streams.length === requests.length)
    return {
      socket,
      streams,
      received: () => received,
      isClosed: new Promise((resolve) => socket.once('close', resolve)),
      close: async () => {
        socket.destroy()
        await closeAllStreams({ withinMs: 0 })
        await close()
      },
    }
  }

  test('does not chunk to an HTTP/1.0 client, and ends by closing the connection', async () => {
    const { streams, received, isClosed, close } = await open('GET / HTTP/1.0')
    streams[0]?.send({ data: 'x' })
    await vi.waitUntil(() => received().endsWith('data: x\n\n'))
    await streams[0]?.end()
    await isClosed
    const [head, body] = received().split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head?.toLowerCase()).not.toContain('transfer-encoding')
    expect(head?.toLowerCase()).toContain('connection: close')
    expect(body).toBe('data: x\n\n')
    await close()
  })

  test('does not chunk to an HTTP/1.0 client that would keep the connection', async () => {
    const { streams, received, isClosed, close } = await open(
      'GET / HTTP/1.0\r\nConnection: keep-alive',
    )
    streams[0]?.send({ data: 'x' })
    await streams[0]?.end()
    await isClosed
    expect(received().toLowerCase()).not.toContain('transfer-encoding')
    expect(received()).toMatch(/\r\n\r\ndata: x\n\n$/)
    await close()
  })

  test('keeps the connection for the next request after an HTTP/1.1 stream has ended', async () => {
    const { socket, streams, received, close } = await open('GET / HTTP/1.1\r\nHost: a')
    streams[0]?.send({ data: 'one' })
    await streams[0]?.end()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await vi.waitUntil(() => streams.length === 2)
    streams[1]?.send({ data: 'two' })
    await vi.waitUntil(() => received().includes('data: two'))
    expect(received()).toContain('data: one\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK')
    await close()
  })

  test('serves a pipelined request once its turn has come, with all that was sent to it', async () => {
    const { streams, received, close } = await open(
      'GET /1 HTTP/1.1\r\nHost: a',
      'GET /2 HTTP/1.1\r\nHost: a',
    )
    streams[1]?.send({ data: 'second' })
    streams[0]?.send({ data: 'first' })
    await vi.waitUntil(() => received().includes('data: first'))
    expect(received()).not.toContain('second')
    await streams[0]?.end()
    await vi.waitUntil(() => received().includes('data: second'))
    await close()
  })

  test('serves twenty pipelined requests without a warning', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const { socket, streams, close } = await open(
      ...Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a`),
    )
    socket.destroy()
    for (const stream of streams) expect(await stream.closed).toEqual({ reason: 'client' })
    await close()
    process.removeListener('warning', onWarning)
    expect(warnings).toEqual([])
  })

  test('sees a client leave whose pipelined request has not had its turn', async () => {
    const { socket, streams, close } = await open(
      'GET /1 HTTP/1.1\r\nHost: a',
      'GET /2 HTTP/1.1\r\nHost: a',
    )
    socket.destroy()
    expect(await streams[0]?.closed).toEqual({ reason: 'client' })
    expect(await streams[1]?.closed).toEqual({ reason: 'client' })
    await close()
  })

  test('sees a client that left before its pipelined request was opened, after an await', async () => {
    const opened: SseStream[] = []
    let goOn = () => {}
    const permission = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let isAsked = false
    const server = http.createServer(async (req, res) => {
      if (req.url === '/1') return
      isAsked = true
      await permission
      opened.push(openStream(req, res))
    })
    const { port, close } = await listen(server)
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await vi.waitUntil(() => isAsked)
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    goOn()
    await vi.waitUntil(() => opened.length === 1)
    expect(await opened[0]?.closed).toEqual({ reason: 'client' })
    await close()
  })

  test('sees an HTTP/2 client whose connection was reset during an await', async () => {
    const opened: SseStream[] = []
    let goOn = () => {}
    const permission = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let isAsked = false
    const server = http2.createServer(async (req, res) => {
      isAsked = true
      await permission
      opened.push(openStream(req, res))
    })
    const { port, close } = await listen(server)
    const socket = connect(port, '127.0.0.1')
    const session = http2.connect('http://127.0.0.1', { createConnection: () => socket })
    session.on('error', () => {})
    session.request({ ':path': '/' }).on('error', () => {})
    await vi.waitUntil(() => isAsked)
    socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    goOn()
    await vi.waitUntil(() => opened.length === 1)
    expect(await opened[0]?.closed).toEqual({ reason: 'client' })
    await close()
  })

  test.each<[string, (socket: Socket) => void]>([
    ['closes its side only', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['sends nonsense', (socket) => socket.write('nonsense\r\n\r\n')],
  ])('closes with the reason client when the client %s', async (_what, leave) => {
    const { socket, streams, received, close } = await open('GET / HTTP/1.1\r\nHost: a')
    streams[0]?.send({ data: 'x' })
    await vi.waitUntil(() => received().includes('data: x'))
    leave(socket)
    const feeding = setInterval(() => streams[0]?.send({ data: 'more' }), 5)
    expect(await streams[0]?.closed).toEqual({ reason: 'client' })
    clearInterval(feeding)
    await close()
  })

  test('leaves nothing behind after a thousand connections that come and go fast', async () => {
    const { close, streams, socket } = await open('GET / HTTP/1.1\r\nHost: a')
    const port = socket.remotePort as number
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => {
          const client = connect(port, '127.0.0.1')
          client.on('error', () => {})
          client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
          // Some before the server has seen them, some in the head, some later.
          setTimeout(() => (i % 2 ? client.destroy() : client.resetAndDestroy()), i % 7)
          return new Promise((resolve) => client.once('close', resolve))
        }),
      )
    }
    await vi.waitUntil(() => streams.filter(({ state }) => state !== 'closed').length === 1)
    expect(streams.length).toBeGreaterThan(100)
    await close()
    // The server may be told of its last socket a tick before the response is.
    await vi.waitUntil(() => streams.every(({ state }) => state === 'closed'))
  })
})

describe('a shutdown of node:http2', () => {
  test('lets the server close though a client does not read', async () => {
    const streams: SseStream[] = []
    const server = http2.createServer((req, res) => {
      streams.push(openStream(req, res))
    })
    const { port } = await listen(server)
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const request = session.request({ ':path': '/' })
    request.on('error', () => {})
    await new Promise((resolve) => request.on('response', resolve))
    request.pause()
    streams[0]?.send({ data: 'x'.repeat(10_000_000) })
    const closed = new Promise((resolve) => server.close(resolve))
    await closeAllStreams({ withinMs: 0 })
    expect(await streams[0]?.closed).toEqual({ reason: 'shutdown' })
    await closed
    session.destroy()
  })
})

describe('eventwire/node on http2', () => {
  test('cuts a stream so that its client can tell it from an end in good order', async () => {
    const streams: SseStream[] = []
    const { port, close } = await listen(
      http2.createServer((req, res) => {
        streams.push(openStream(req, res))
      }),
    )
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const answer = async () => {
      const request = session.request({ ':path': '/' })
      const seen: unknown[] = []
      request.on('end', () => seen.push('end'))
      request.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code))
      request.resume()
      await new Promise((resolve) => request.once('response', resolve))
      const closed = new Promise((resolve) => request.once('close', resolve))
      return { closed, seen }
    }
    const ended = await answer()
    const cut = await answer()
    await streams[0]?.end({ data: 'bye' })
    streams[1]?.destroy()
    await Promise.all([ended.closed, cut.closed])
    expect(ended.seen).toEqual(['end'])
    expect(cut.seen).toEqual(['ERR_HTTP2_STREAM_ERROR'])
    expect(await streams[1]?.closed).toEqual({ reason: 'ended' })
    session.destroy()
    await close()
  })
})
