// A channel's chunk on a response: straight to the socket where that is what `write` would do, else by `write`.
// Whichever way it goes, the client must see the same.

import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type NodeRequest, type NodeResponse, openStream } from '../../src/adapters/node.js'
import { SseChannel, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { readWire } from '../wire.js'
import { ask, type Protocol } from './client.js'

interface Lane {
  /** Whether chunks go straight to the socket. */
  isDirect: boolean
  protocol: Protocol
  isSecure?: boolean
  create: (listener: (req: NodeRequest, res: NodeResponse) => void) => Promise<http.Server>
  /** What happens to the response before the stream opens. */
  prepare?: (res: http.ServerResponse) => void
}

const plain: Lane['create'] = async (listener) => http.createServer(listener)

const LANES: Record<string, Lane> = {
  'plain HTTP/1.1': { isDirect: true, protocol: 'http/1.1', create: plain },
  'HTTP/1.1 over TLS': {
    isDirect: true,
    protocol: 'http/1.1',
    isSecure: true,
    create: async (listener) => https.createServer(await certificate(), listener),
  },
  'a middleware that replaced write': {
    isDirect: false,
    protocol: 'http/1.1',
    create: plain,
    prepare: (res) => {
      const { write } = res
      res.write = function (this: http.ServerResponse, ...args: never) {
        return write.apply(this, args)
      } as never
    },
  },
  'a class with a write of its own': {
    isDirect: false,
    protocol: 'http/1.1',
    create: async (listener) => {
      class OwnResponse<R extends http.IncomingMessage> extends http.ServerResponse<R> {
        // biome-ignore lint/suspicious/noExplicitAny: overloads.
        override write(...args: any): boolean {
          return super.write(...(args as [string]))
        }
      }
      return http.createServer({ ServerResponse: OwnResponse }, listener)
    },
  },
  'a response without chunks': {
    isDirect: false,
    protocol: 'http/1.1',
    create: plain,
    prepare: (res) => {
      res.useChunkedEncodingByDefault = false
    },
  },
  'HTTP/2': {
    isDirect: false,
    protocol: 'h2',
    isSecure: true,
    create: async (listener) =>
      http2.createSecureServer(await certificate(), listener) as unknown as http.Server,
  },
}

/** HTTP/2 has no pipelining and no corks: there is nothing to test, and nothing skipped. */
const testIf = (applies: boolean) => (name: string, run: () => Promise<void>) => {
  if (applies) test(name, run)
}

describe.each(Object.entries(LANES))('a channel on %s', (name, lane) => {
  const { isDirect, protocol, isSecure = false } = lane
  let server: http.Server
  let url: string
  let port: number
  let channel: SseChannel
  let streams: SseStream[]
  let responses: http.ServerResponse[]
  const sessions = new Set<http2.Http2Session>()

  beforeEach(async () => {
    channel = new SseChannel()
    streams = []
    responses = []
    server = await lane.create((req, res) => {
      lane.prepare?.(res as http.ServerResponse)
      const stream = openStream(req, res)
      responses.push(res as http.ServerResponse)
      streams.push(stream)
      void channel.subscribe(stream)
    })
    server.on('session', (session: http2.Http2Session) => sessions.add(session))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    url = `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`
  })

  afterEach(async () => {
    for (const stream of streams) stream.destroy()
    for (const session of sessions) session.destroy()
    server.closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  })

  const last = () => streams.at(-1) as SseStream

  test(`is written ${isDirect ? 'as one frame for all clients' : 'by the response'}`, async () => {
    const answers = [await ask(url, protocol), await ask(url, protocol), await ask(url, protocol)]
    const frames: unknown[] = []
    const written: unknown[] = []
    for (const response of responses) {
      // HTTP/2 has a stream where HTTP/1.1 has a socket.
      const { socket } = response
      if (protocol === 'h2') continue
      vi.spyOn(socket as Socket, 'write').mockImplementation(function (this: Socket, ...args) {
        const [chunk] = args as unknown as [unknown]
        if (Buffer.isBuffer(chunk) && chunk.includes('data: shared')) frames.push(chunk)
        written.push(chunk)
        return (Object.getPrototypeOf(this) as Socket).write.apply(this, args as never)
      })
    }
    await channel.publish({ data: 'shared' })
    for (const answer of answers) await answer.has('data: shared\n\n')
    if (isDirect) {
      expect(frames).toHaveLength(3)
      expect(new Set(frames).size).toBe(1)
      expect(written).toHaveLength(3)
    } else expect(frames).toEqual([])
  })

  test('keeps the order of what the channel, the application and the clock send', async () => {
    const answer = await ask(url, protocol)
    const expected: string[] = []
    for (let i = 0; i < 60; i++) {
      const data = `${i}`
      expected.push(data)
      if (i % 3 === 0) last().send({ data })
      else if (i % 3 === 1) await channel.publish({ data })
      else {
        void channel.publish({ data })
        if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
        else await Promise.resolve()
      }
      if (i % 5 === 0) last().comment('between')
    }
    await last().end()
    expect(readWire(await answer.whole).map(({ data }) => data)).toEqual(expected)
  })

  test('delivers what was published right before the end', async () => {
    const answers = [await ask(url, protocol), await ask(url, protocol)]
    void channel.publish({ data: 'last' })
    for (const stream of streams) void stream.end({ data: 'farewell' })
    for (const answer of answers) {
      expect(readWire(await answer.whole).map(({ data }) => data)).toEqual(['last', 'farewell'])
    }
  })

  test('delivers what was published before the application ended the response itself', async () => {
    const answer = await ask(url, protocol)
    await channel.publish({ data: 'last' })
    responses[0]?.end()
    expect(readWire(await answer.whole).map(({ data }) => data)).toEqual(['last'])
    expect((await last().closed).reason).toBe('ended')
    await channel.publish({ data: 'too late' })
    expect(channel.size).toBe(0)
  })

  test('carries text of all lengths and scripts', async () => {
    const answer = await ask(url, protocol)
    const texts = ['', 'a', 'ä€😀', 'x'.repeat(15), 'x'.repeat(4_096), 'ü'.repeat(50_000), '\n\n']
    for (const data of texts) await channel.publish({ data })
    await last().end()
    expect(readWire(await answer.whole).map(({ data }) => data)).toEqual(texts)
  })

  test('holds what a client does not read, and gives it all, in order, once it does', async () => {
    const answer = await open()
    answer.socket.pause()
    const texts: string[] = []
    while ((last().bufferedBytes < 300_000 || texts.length < 20) && texts.length < 5_000) {
      const data = `${texts.length} ${'x'.repeat(20_000)}`
      texts.push(data)
      await channel.publish({ data })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(last().bufferedBytes).toBeGreaterThan(200_000)
    answer.socket.resume()
    await last().drained()
    await channel.publish({ data: 'after it' })
    await last().end()
    const seen = readWire(await answer.whole()).map(({ data }) => data)
    expect(seen).toEqual([...texts, 'after it'])
  })

  /** A client of which the test has the socket. */
  async function open() {
    if (protocol === 'h2') {
      const session = http2.connect(url, { rejectUnauthorized: false })
      const request = session.request({ ':path': '/' })
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      const ended = new Promise((resolve) => request.on('end', resolve))
      await new Promise((resolve) => request.on('response', resolve))
      const whole = async () => {
        await ended
        session.destroy()
        return Buffer.concat(chunks).toString()
      }
      return { socket: request, whole }
    }
    const send = isSecure ? https.request : http.request
    const response = await new Promise<http.IncomingMessage>((resolve) => {
      send(url, { agent: false, rejectUnauthorized: false }, resolve).end()
    })
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ended = new Promise((resolve) => response.on('end', resolve))
    const whole = async () => {
      await ended
      return Buffer.concat(chunks).toString()
    }
    return { socket: response, whole }
  }

  testIf(protocol === 'http/1.1' && name !== 'a response without chunks')(
    'leaves a connection that is used again, and pipelined requests, in order',
    async () => {
      const to = { port, host: '127.0.0.1', rejectUnauthorized: false }
      const socket: Socket = isSecure ? connectTls(to) : connect(to)
      let received = ''
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString()
      })
      const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
      socket.write(get + get)
      await vi.waitUntil(() => streams.length === 2, { timeout: 15_000 })
      // The second response waits until the first, which has the socket, is done.
      await channel.publish({ data: 'to both' })
      await vi.waitUntil(() => received.includes('to both'), { timeout: 15_000 })
      await channel.publish({ data: 'to both, too' })
      await streams[0]?.end()
      await channel.publish({ data: 'to the second' })
      await streams[1]?.end()
      await vi.waitUntil(() => received.endsWith('0\r\n\r\n'), { timeout: 15_000 })
      socket.write(get)
      await vi.waitUntil(() => streams.length === 3, { timeout: 15_000 })
      await channel.publish({ data: 'to the third' })
      await streams[2]?.end()
      await vi.waitUntil(() => received.split('0\r\n\r\n').length === 4, { timeout: 15_000 })
      const bodies = received.split(/HTTP\/1\.1 200 OK\r\n/).slice(1)
      expect(bodies.map((body) => body.match(/(?<=data: ).*(?=\n\n)/g))).toEqual([
        ['to both', 'to both, too'],
        ['to both', 'to both, too', 'to the second'],
        ['to the third'],
      ])
      // Nothing but whole chunks, of the length that they say.
      for (const body of bodies) {
        let rest = body.slice(body.indexOf('\r\n\r\n') + 4)
        for (;;) {
          const end = rest.indexOf('\r\n')
          const size = Number.parseInt(rest.slice(0, end), 16)
          expect(rest.slice(end + 2 + size, end + 4 + size)).toBe('\r\n')
          rest = rest.slice(end + 4 + size)
          if (size === 0) break
        }
        expect(rest).toBe('')
      }
      socket.destroy()
    },
  )

  testIf(protocol === 'http/1.1')('does not overtake what a corked response holds', async () => {
    const answer = await ask(url, protocol)
    await channel.publish({ data: '1' })
    const response = responses[0] as http.ServerResponse
    response.cork()
    last().send({ data: '2' })
    await channel.publish({ data: '3' })
    response.uncork()
    await channel.publish({ data: '4' })
    await last().end()
    expect(readWire(await answer.whole).map(({ data }) => data)).toEqual(['1', '2', '3', '4'])
  })

  testIf(protocol === 'http/1.1')('goes by a write that is replaced later', async () => {
    const answer = await ask(url, protocol)
    await channel.publish({ data: 'before' })
    await answer.has('before')
    const response = responses[0] as http.ServerResponse
    const spy = vi.spyOn(response, 'write')
    await channel.publish({ data: 'after' })
    await answer.has('after')
    expect(spy).toHaveBeenCalledTimes(1)
  })
})

describe('a channel on a socket that the other side has half closed', () => {
  test('loses nothing that was written, and raises no error', async () => {
    const errors: unknown[] = []
    const channel = new SseChannel()
    const streams: SseStream[] = []
    // A server that ends its side once the client has ended its own, as Node's does.
    const server = http.createServer((req, res) => {
      const stream = openStream(req, res)
      streams.push(stream)
      void channel.subscribe(stream)
      res.socket?.on('end', () => void channel.publish({ data: 'after the end' }))
    })
    server.on('clientError', (error) => errors.push(error))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString()
    })
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await vi.waitUntil(() => received.includes('id: '), { timeout: 15_000 })
    const data = 'x'.repeat(10_000)
    for (let i = 0; i < 5; i++) void channel.publish({ data })
    socket.end()
    await streams[0]?.closed
    await vi.waitUntil(() => received.split(data).length === 6, { timeout: 15_000 })
    expect(errors).toEqual([])
    expect(channel.size).toBe(0)
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('a write that was replaced for all responses', () => {
  const { write } = http.OutgoingMessage.prototype
  afterEach(() => {
    http.OutgoingMessage.prototype.write = write
    vi.resetModules()
  })

  test.each(['before', 'after'])(
    '%s the package was loaded sees what channels write',
    async (when) => {
      vi.resetModules()
      const seen: string[] = []
      const replace = () => {
        http.OutgoingMessage.prototype.write = function (
          this: http.OutgoingMessage,
          ...args: never
        ) {
          seen.push(String(args[0]))
          return write.apply(this, args)
        } as never
      }
      if (when === 'before') replace()
      const node = await import('../../src/adapters/node.js')
      if (when === 'after') replace()
      const channel = new SseChannel()
      const server = http.createServer(
        (req, res) => void channel.subscribe(node.openStream(req, res)),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const answer = await ask(
        `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        'http/1.1',
      )
      await channel.publish({ data: 'seen' })
      await answer.has('data: seen')
      expect(seen.join('')).toContain('data: seen')
      answer.leave()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  )
})
