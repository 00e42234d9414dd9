// The adapter of Koa, under Koa 2 and 3: the contract, its middleware, and when the head leaves.

import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import Koa, { type Context } from 'koa'
import compress from 'koa-compress'
import Koa2 from 'koa2'
import { afterEach, describe, expect, test } from 'vitest'
import {
  acceptsEventStream,
  lastEventIdOf,
  openStream,
  refuse,
  sse,
  stop,
} from '../../src/adapters/koa.js'
import { SseChannel, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { readWire } from '../wire.js'
import { ask, type Protocol } from './client.js'
import { type Call, describeAdapter, type Serve } from './contract.js'

const FRAMEWORKS = { 'Koa 3': Koa, 'Koa 2': Koa2 }

async function listen(app: Koa, protocol: Protocol = 'http/1.1') {
  const server =
    protocol === 'h2'
      ? http2.createSecureServer(await certificate(), app.callback() as never)
      : http.createServer(app.callback())
  const sessions = new Set<http2.Http2Session>()
  server.on('session', (session: http2.Http2Session) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
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

function serve(framework: typeof Koa, protocol: Protocol, use: (app: Koa) => void): Serve {
  return (handle) => {
    const app = new framework()
    // Nothing that clients do is an error of the application; without a listener Koa would print it.
    app.on('error', (error) => {
      throw error
    })
    use(app)
    app.use(async (ctx) => {
      const call: Call = {
        openStream: (options) => openStream(ctx, options),
        stop: () => stop(ctx),
        refuse: (options) => refuse(ctx, options),
        setHeader: (name, value) => ctx.set(name, value),
        acceptsEventStream: () => acceptsEventStream(ctx),
        lastEventIdOf: () => lastEventIdOf(ctx),
      }
      await handle(call)
    })
    return listen(app, protocol)
  }
}

// Koa 2 never ends the answer to a HEAD request over HTTP/2, whatever its body is.
describeAdapter(
  'eventwire/koa on Koa 3 over HTTP/2',
  { protocol: 'h2' },
  serve(Koa, 'h2', () => {}),
)

describe.each(Object.entries(FRAMEWORKS))('%s', (name, framework) => {
  describeAdapter(
    `eventwire/koa on ${name}`,
    { protocol: 'http/1.1' },
    serve(framework, 'http/1.1', () => {}),
  )
  describeAdapter(
    `eventwire/koa on ${name} below middleware that takes its time`,
    { protocol: 'http/1.1' },
    serve(framework, 'http/1.1', (app) => {
      app.use(async (_ctx, next) => {
        await next()
        await new Promise((resolve) => setTimeout(resolve, 5))
      })
    }),
  )

  let close: (() => Promise<void>) | undefined
  const errors: unknown[] = []
  afterEach(async () => {
    await close?.()
    close = undefined
    errors.length = 0
  })

  async function start(set: (app: Koa) => void) {
    const app = new framework()
    app.on('error', (error) => errors.push(error))
    set(app)
    const server = await listen(app)
    close = server.close
    return server.url
  }

  test('adds ctx.sse, with defaults that a call overrides', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(sse({ retryMs: 111, headers: { 'x-from': 'defaults' } }))
      app.use((ctx) => {
        stream = ctx.sse({ retryMs: 222 })
      })
    })
    const answer = await ask(url, 'http/1.1')
    await answer.has('retry: 222\n\n')
    expect(answer.headers['x-from']).toBe('defaults')
    answer.leave()
    expect(await stream?.closed).toEqual({ reason: 'client' })
    expect(errors).toEqual([])
    expect(() => sse({ heartbeatMs: -1 })).toThrow('`heartbeatMs`')
  })

  test('has room for 16 KiB until Koa takes the stream, and sends all of it then', async () => {
    const rooms: boolean[] = []
    const url = await start((app) => {
      app.use(async (ctx) => {
        const stream = openStream(ctx)
        for (let i = 0; i < 3; i++) {
          rooms.push(stream.send({ data: 'x'.repeat(9_000) }))
          // It leaves at the end of the synchronous run.
          await Promise.resolve()
        }
        void stream.end({ data: 'end' })
      })
    })
    const answer = await ask(url, 'http/1.1')
    await answer.has('data: end\n\n')
    expect(rooms).toEqual([true, true, false])
    expect((await answer.whole).match(/x{9000}/g)).toHaveLength(3)
  })

  test('keeps cookies, and headers set before and after the stream opened', async () => {
    const url = await start((app) => {
      app.keys = ['x']
      app.use(async (ctx, next) => {
        ctx.set('x-before', '1')
        await next()
        await new Promise((resolve) => setTimeout(resolve, 20))
        ctx.set('x-after', '2')
        ctx.cookies.set('late', 'l', { signed: true })
      })
      app.use(async (ctx) => {
        ctx.cookies.set('a', 'b')
        const stream = openStream(ctx)
        stream.send({ data: 'held' })
        void stream.end({ data: 'bye' })
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.headers).toMatchObject({ 'x-before': '1', 'x-after': '2' })
    expect(String(answer.headers['set-cookie'])).toMatch(/a=b.*late=l.*late\.sig=/)
    expect(await answer.whole).toBe('data: held\n\ndata: bye\n\n')
  })

  test('delivers event by event through koa-compress', async () => {
    const channel = new SseChannel()
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(compress({ threshold: 0 }))
      app.use(async (ctx) => {
        // It leaves no-transform alone, unless the application takes that away.
        stream = openStream(ctx, { headers: { 'cache-control': 'no-cache' } })
        void channel.subscribe(stream)
      })
    })
    for (const coding of ['gzip', 'br']) {
      const response = await fetch(url, { headers: { 'accept-encoding': coding } })
      expect(response.headers.get('content-encoding')).toBe(coding)
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      let received = ''
      for (let i = 0; i < 5; i++) {
        if (i % 2 === 0) await channel.publish({ data: `event ${i}` })
        else stream?.send({ data: `event ${i}` })
        // Nothing else is sent until this one has arrived.
        while (!received.includes(`event ${i}\n\n`)) {
          received += new TextDecoder().decode((await reader.read()).value)
        }
      }
      expect(readWire(received)).toHaveLength(5)
      await reader.cancel()
      expect(await stream?.closed).toEqual({ reason: 'client' })
    }
    expect(errors).toEqual([])
  })

  test.each<[string, (stream: SseStream) => Promise<unknown>]>([
    ['a source', (stream) => stream.sendAll(Array.from({ length: 500 }, () => 'x'.repeat(1_000)))],
    [
      'room, at each event',
      async (stream) => {
        for (let i = 0; i < 500; i++) {
          if (!stream.send({ data: 'x'.repeat(1_000) })) await stream.drained()
        }
      },
    ],
  ])('does not deadlock when the handler waits for %s', async (_what, send) => {
    const url = await start((app) => {
      app.use(async (ctx, next) => {
        await next()
        ctx.set('x-late', 'lost')
      })
      app.use(async (ctx) => {
        ctx.set('x-early', 'kept')
        const stream = openStream(ctx)
        await send(stream)
        await stream.end({ event: 'bye' })
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect((await answer.whole).match(/^data: x/gm)).toHaveLength(500)
    expect(answer.headers['x-early']).toBe('kept')
    expect(answer.headers).not.toHaveProperty('x-late')
    expect(errors).toEqual([])
  })

  test('does not deadlock when the handler waits for the client to leave', async () => {
    let reason: unknown
    const url = await start((app) => {
      app.use(async (ctx) => {
        const stream = openStream(ctx)
        stream.send({ data: 'hello' })
        reason = (await stream.closed).reason
      })
    })
    const answer = await ask(url, 'http/1.1')
    await answer.has('data: hello\n\n')
    answer.leave()
    await expect.poll(() => reason).toBe('client')
    expect(errors).toEqual([])
  })

  test('gives the error response of Koa for an error before the stream opens', async () => {
    const url = await start((app) => {
      app.use((ctx) => {
        openStream(ctx, { heartbeatMs: -1 })
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.status).toBe(500)
    expect(await answer.whole).toBe('Internal Server Error')
    expect(String(errors[0])).toContain('`heartbeatMs`')
  })

  const failure = new Error('the password is swordfish')

  test('lets Koa answer when a handler fails before the head has left', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(async (ctx) => {
        stream = openStream(ctx)
        stream.send({ data: 'held' })
        throw failure
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.status).toBe(500)
    expect(await answer.whole).toBe('Internal Server Error')
    expect(await stream?.closed).toEqual({ reason: 'error', error: failure })
    expect(errors).toEqual([failure])
  })

  test('closes the stream of a handler that fails later, and tells the client nothing', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(async (ctx) => {
        stream = openStream(ctx)
        stream.send({ data: 'hello' })
        await stream.drained()
        await new Promise((resolve) => setTimeout(resolve, 300))
        throw failure
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(await answer.whole.catch((error: unknown) => error)).toBeInstanceOf(Error)
    expect(answer.received()).toBe('data: hello\n\n')
    expect(await stream?.closed).toEqual({ reason: 'error', error: failure })
    expect(errors).toEqual([failure])
  })

  test('closes when a middleware puts something else in its place', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.use(async (ctx, next) => {
        await next()
        ctx.type = 'text'
        ctx.body = 'something else'
      })
      app.use((ctx) => {
        stream = openStream(ctx)
        stream.send({ data: 'never read' })
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(await answer.whole).toBe('something else')
    expect(await stream?.closed).toEqual({ reason: 'ended' })
  })

  test('is an ordinary Readable to a middleware that reads it', async () => {
    const streams: SseStream[] = []
    const url = await start((app) => {
      app.use(async (ctx: Context, next) => {
        await next()
        if (ctx.query.how === 'pipe') ctx.body = (ctx.body as PassThrough).pipe(new PassThrough())
        else {
          const body = ctx.body as AsyncIterable<Buffer>
          ctx.body = PassThrough.from(
            (async function* () {
              for await (const chunk of body) yield chunk
            })(),
          )
        }
      })
      app.use((ctx) => {
        streams.push(openStream(ctx))
      })
    })
    for (const path of ['/?how=pipe', '/?how=iterate']) {
      const answer = await ask(url, 'http/1.1', { path })
      const stream = streams.at(-1) as SseStream
      stream.send({ data: '1' })
      await answer.has('data: 1\n\n')
      await stream.sendAll(Array.from({ length: 300 }, () => 'x'.repeat(1_000)))
      expect(await stream.end({ data: 'bye' })).toEqual({ reason: 'ended' })
      expect(await answer.whole).toMatch(/(data: x+\n\n){300}data: bye\n\n$/)

      const leaving = await ask(url, 'http/1.1', { path })
      leaving.leave()
      expect(await streams.at(-1)?.closed).toEqual({ reason: 'client' })
    }
    expect(errors).toEqual([])
  })
})
