// The adapter of Fetch: the contract on real servers, and a response whose body the test reads itself.

import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { serve as serveHono } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  acceptsEventStream,
  lastEventIdOf,
  type OpenStreamOptions,
  openStream,
  refuse,
  stop,
} from '../../src/adapters/fetch.js'
import { SseChannel, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { turn } from '../fake-sink.js'
import { ask, type Protocol } from './client.js'
import { type Call, describeAdapter, type Serve } from './contract.js'

async function listen(app: Hono, protocol: Protocol = 'http/1.1') {
  const sessions = new Set<http2.Http2Session>()
  const options = protocol === 'h2' ? await certificate() : {}
  const server = await new Promise<ReturnType<typeof serveHono>>((resolve) => {
    const made = serveHono(
      {
        fetch: app.fetch,
        hostname: '127.0.0.1',
        port: 0,
        ...(protocol === 'h2'
          ? { createServer: http2.createSecureServer, serverOptions: options }
          : {}),
      } as Parameters<typeof serveHono>[0],
      () => resolve(made),
    )
  })
  server.on('session', (session: http2.Http2Session) => sessions.add(session))
  return {
    url: `${protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const session of sessions) session.destroy()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}

// Hono's server prints each client that leaves.
beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

function serve(protocol: Protocol): Serve {
  return (handle) => {
    const app = new Hono()
    // Hono adds what was set on `c.res` to the response of a handler only if there is middleware.
    app.use((_c, next) => next())
    app.all('/', async (c: Context) => {
      let answer: Response | undefined
      const call: Call = {
        openStream: (options) => {
          const { stream, response } = openStream(c.req.raw, options)
          answer = response
          return stream
        },
        stop: () => {
          answer = stop()
        },
        refuse: (options) => {
          answer = refuse(options)
        },
        setHeader: (name, value) => c.res.headers.set(name, value),
        acceptsEventStream: () => acceptsEventStream(c.req.raw),
        lastEventIdOf: () => lastEventIdOf(c.req.raw),
      }
      await handle(call)
      return answer as Response
    })
    return listen(app, protocol)
  }
}

describeAdapter(
  'eventwire/fetch in Hono',
  { protocol: 'http/1.1', hasResponse: false },
  serve('http/1.1'),
)
describeAdapter(
  'eventwire/fetch in Hono on http2',
  { protocol: 'h2', hasResponse: false },
  serve('h2'),
)

/** Opens one, with a reader in place of a server. */
function open(options?: OpenStreamOptions, request = new Request('http://a.example/')) {
  const { stream, response } = openStream(request, { heartbeatMs: false, ...options })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const read = async () => {
    const { done, value } = await reader.read()
    return done ? undefined : new TextDecoder().decode(value)
  }
  return { stream, response, reader, read }
}

describe('eventwire/fetch', () => {
  test('gives what is written to a reader that waits, as it comes', async () => {
    const { stream, read } = open()
    const reading = read()
    expect(stream.send({ data: '1' })).toBe(true)
    expect(await reading).toBe('data: 1\n\n')
    expect(stream.bufferedBytes).toBe(0)
    stream.send({ data: '2' })
    stream.send({ data: '3' })
    expect(await read()).toBe('data: 2\n\ndata: 3\n\n')
  })

  test('hands over one chunk, and holds the rest until the reader pulls', async () => {
    const { stream, read } = open()
    stream.send({ data: '1' })
    await turn()
    stream.send({ data: '2' })
    expect(stream.send({ data: '3' })).toBe(false)
    let isDrained = false
    void stream.drained().then(() => {
      isDrained = true
    })
    await turn()
    expect(isDrained).toBe(false)
    expect(stream.bufferedBytes).toBe(27)
    expect(await read()).toBe('data: 1\n\n')
    expect(await read()).toBe('data: 2\n\ndata: 3\n\n')
    const reading = read()
    await turn()
    expect(isDrained).toBe(true)
    expect(stream.bufferedBytes).toBe(0)
    stream.send({ data: '4' })
    expect(await reading).toBe('data: 4\n\n')
  })

  test('is bounded while nobody reads, and cuts the body', async () => {
    const { stream, reader } = open({ maxBufferedBytes: 10_000 })
    for (let i = 0; i < 20; i++) {
      stream.send({ data: 'x'.repeat(1_000) })
      await turn()
    }
    expect(await stream.closed).toEqual({ reason: 'overflow' })
    await expect(reader.read()).rejects.toThrow('The stream was cut')
  })

  test('tells the reader nothing of the error that it is destroyed by', async () => {
    const { stream, reader } = open()
    const failure = new Error('the password is swordfish')
    stream.destroy(failure)
    expect(await stream.closed).toEqual({ reason: 'error', error: failure })
    const error = await reader.read().catch((caught: unknown) => caught)
    expect(String(error)).not.toContain('swordfish')
    expect((error as Error).cause).toBeUndefined()
  })

  test('closes with the reason client when the body is cancelled', async () => {
    const { stream, reader } = open()
    stream.send({ data: '1' })
    await reader.cancel()
    expect(await stream.closed).toEqual({ reason: 'client' })
    expect(stream.send({ data: '2' })).toBe(false)
  })

  test('closes with the reason client when the request is aborted, before and after', async () => {
    const leaving = new AbortController()
    const request = new Request('http://a.example/', { signal: leaving.signal })
    const { stream, reader } = open({}, request)
    const reading = reader.read().catch((error: unknown) => error)
    leaving.abort()
    expect(await stream.closed).toEqual({ reason: 'client' })
    expect(await reading).toMatchObject({ name: 'AbortError' })
    expect(await openStream(request).stream.closed).toEqual({ reason: 'client' })
  })

  test('leaves the body of an aborted request to be cancelled by its reader', async () => {
    const leaving = new AbortController()
    const request = new Request('http://a.example/', { signal: leaving.signal })
    const { stream, reader } = open({}, request)
    const reading = reader.read()
    leaving.abort()
    await reader.cancel()
    // Deno's server, and Hono's, printed the error for each client that left.
    expect(await reading).toEqual({ done: true, value: undefined })
    expect(await stream.closed).toEqual({ reason: 'client' })
  })

  test('writes at once on Bun, whose server holds the head back until then', async () => {
    vi.stubGlobal('Bun', {})
    const { read } = open()
    vi.unstubAllGlobals()
    expect(await read()).toBe(': \n\n')
  })

  test('tells Workers that the body is encoded as its headers say', () => {
    const inits: unknown[] = []
    vi.stubGlobal(
      'Response',
      class extends Response {
        constructor(body: BodyInit | null, init?: ResponseInit) {
          super(body, init)
          inits.push(init)
        }
      },
    )
    const headers = { 'accept-encoding': 'gzip' }
    open({ compress: true }, new Request('http://a.example/', { headers })).stream.destroy()
    vi.unstubAllGlobals()
    expect(inits).toMatchObject([{ encodeBody: 'manual' }])
  })

  test('ends once the reader has got all', async () => {
    const { stream, read } = open()
    stream.send({ data: '1' })
    await turn()
    stream.send({ data: '2' })
    let info: unknown
    void stream.end({ data: '3' }).then((ended) => {
      info = ended
    })
    expect(await read()).toBe('data: 1\n\n')
    expect(await read()).toBe('data: 2\n\ndata: 3\n\n')
    expect(info).toBeUndefined()
    expect(await read()).toBeUndefined()
    await expect.poll(() => info).toEqual({ reason: 'ended' })
  })

  test('delivers 15 MB in order, within its bound, at the pace of its reader', async () => {
    const { stream, read } = open()
    const sending = (async () => {
      for (let i = 0; i < 1_500; i++) {
        if (!stream.send({ data: `${i}`.padEnd(10_000) })) await stream.drained()
        expect(stream.bufferedBytes).toBeLessThan(1_048_576)
      }
      return stream.end()
    })()
    let received = ''
    for (let chunk = await read(); chunk !== undefined; chunk = await read()) received += chunk
    expect(await sending).toEqual({ reason: 'ended' })
    expect([...received.matchAll(/^data: (\d+) +$/gm)].map(([, n]) => Number(n))).toEqual(
      Array.from({ length: 1_500 }, (_, i) => i),
    )
  })

  test('encodes what a channel publishes once for all its bodies', async () => {
    const channel = new SseChannel()
    const bodies = [open(), open(), open()]
    for (const { stream, reader } of bodies) {
      await channel.subscribe(stream)
      await reader.read()
    }
    const reading = bodies.map(({ reader }) => reader.read())
    await channel.publish({ data: 'to all' })
    const chunks = (await Promise.all(reading)).map(({ value }) => value)
    expect(new TextDecoder().decode(chunks[0])).toContain('data: to all\n\n')
    expect(new Set(chunks).size).toBe(1)
  })

  test.each([
    ['something else', 'text/event-stream'],
    ['undefined', undefined],
  ])('refuses %s in place of a Request', (_what, request) => {
    for (const act of [openStream, acceptsEventStream, lastEventIdOf]) {
      expect(() => act(request as never)).toThrow('Expected `request` to be a Request, got')
    }
  })
})

describe('eventwire/fetch in Hono, with its middleware', () => {
  let close: (() => Promise<void>) | undefined
  afterEach(async () => {
    await close?.()
    close = undefined
  })

  async function start(set: (app: Hono) => void) {
    const app = new Hono()
    set(app)
    const server = await listen(app)
    close = server.close
    return server.url
  }

  test('keeps the headers of cors and of middleware', async () => {
    const url = await start((app) => {
      app.use(cors({ origin: 'https://example.org', credentials: true }))
      app.use(async (c, next) => {
        await next()
        c.header('x-after', '1')
      })
      app.get('/', (c) => {
        const { stream, response } = openStream(c.req.raw)
        void stream.end({ data: 'bye' })
        return response
      })
    })
    const answer = await ask(url, 'http/1.1', { headers: { origin: 'https://example.org' } })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'access-control-allow-origin': 'https://example.org',
      'x-after': '1',
    })
    expect(await answer.whole).toBe('data: bye\n\n')
  })

  test('delivers event by event beside hono/compress', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(compress())
      app.get('/', (c) => {
        const opened = openStream(c.req.raw)
        stream = opened.stream
        return opened.response
      })
    })
    const answer = await ask(url, 'http/1.1', { headers: { 'accept-encoding': 'gzip' } })
    for (const data of ['1', '2', '3']) {
      stream?.send({ data })
      await answer.has(`data: ${data}\n\n`)
    }
    answer.leave()
    expect(await stream?.closed).toEqual({ reason: 'client' })
  })

  test('gives the error response of the application for an error before the stream opens', async () => {
    const url = await start((app) => {
      app.onError((error, c) => c.text(error.message, 418))
      app.get('/', (c) => openStream(c.req.raw, { heartbeatMs: -1 }).response)
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.status).toBe(418)
    expect(await answer.whole).toContain('`heartbeatMs`')
  })

  test('holds what a client over the network does not read', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.get('/', (c) => {
        const opened = openStream(c.req.raw)
        stream = opened.stream
        return opened.response
      })
    })
    const response = await fetch(url)
    for (let i = 0; i < 3_000 && stream?.state === 'open'; i++) {
      stream.send({ data: 'x'.repeat(10_000) })
      await new Promise((resolve) => setImmediate(resolve))
      expect(stream.bufferedBytes).toBeLessThan(1_048_576 + 65_536)
    }
    expect(await stream?.closed).toEqual({ reason: 'overflow' })
    await response.body?.cancel().catch(() => {})
  })
})
