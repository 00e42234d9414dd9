// The adapter of Express, under Express 4 and 5: the contract, its middleware, and a handler that fails.

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import compression from 'compression'
import cors from 'cors'
import express, { type NextFunction, type Request, type Response } from 'express'
import session from 'express-session'
import express4 from 'express4'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  acceptsEventStream,
  lastEventIdOf,
  openStream,
  refuse,
  sse,
  stop,
} from '../../src/adapters/express.js'
import { SseChannel, SseError, type SseStream } from '../../src/index.js'
import { readWire } from '../wire.js'
import { ask } from './client.js'
import { type Call, describeAdapter } from './contract.js'

const FRAMEWORKS = { 'Express 5': express, 'Express 4': express4 }

async function listen(app: express.Express) {
  // Express prints the errors of handlers, unless it is told that this is a test.
  app.set('env', 'test')
  const server = http.createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

describe.each(Object.entries(FRAMEWORKS))('%s', (name, framework) => {
  describeAdapter(
    `eventwire/express on ${name}`,
    { protocol: 'http/1.1' },
    (handle: (call: Call) => unknown) => {
      const app = framework()
      app.disable('x-powered-by')
      app.use((req: Request, res: Response) => {
        void handle({
          openStream: (options) => openStream(req, res, options),
          stop: () => stop(res),
          refuse: (options) => refuse(res, options),
          setHeader: (header, value) => void res.set(header, value),
          acceptsEventStream: () => acceptsEventStream(req),
          lastEventIdOf: () => lastEventIdOf(req),
        })
      })
      return listen(app)
    },
  )

  let close: (() => Promise<void>) | undefined
  afterEach(async () => {
    await close?.()
    close = undefined
  })

  async function serve(set: (app: express.Express) => void) {
    const app = framework()
    set(app)
    const server = await listen(app)
    close = server.close
    return server.url
  }

  test('adds res.sse, with defaults that a call overrides', async () => {
    let stream: SseStream | undefined
    const url = await serve((app) => {
      app.use(sse({ retryMs: 111, headers: { 'x-from': 'defaults' } }))
      app.get('/', (_req: Request, res: Response) => {
        stream = res.sse({ retryMs: 222 })
      })
    })
    const answer = await ask(url, 'http/1.1')
    await answer.has('retry: 222\n\n')
    expect(answer.headers['x-from']).toBe('defaults')
    stream?.send({ data: 'hello' })
    await answer.has('data: hello\n\n')
    answer.leave()
    expect(await stream?.closed).toEqual({ reason: 'client' })
    expect(() => sse({ heartbeatMs: -1 })).toThrow('`heartbeatMs`')
  })

  test('keeps the headers and cookies of cors and express-session', async () => {
    const url = await serve((app) => {
      app.use(cors({ origin: 'https://example.org', credentials: true }))
      app.use(session({ secret: 'x', resave: false, saveUninitialized: true }))
      app.get('/', (req: Request, res: Response) => {
        Object.assign(req.session, { seen: true })
        void openStream(req, res).end({ data: 'bye' })
      })
    })
    const answer = await ask(url, 'http/1.1', { headers: { origin: 'https://example.org' } })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'access-control-allow-origin': 'https://example.org',
      'access-control-allow-credentials': 'true',
    })
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^connect\.sid=/)
    expect(await answer.whole).toBe('data: bye\n\n')
  })

  test('delivers event by event through compression, that of a channel too', async () => {
    const channel = new SseChannel()
    let stream: SseStream | undefined
    const url = await serve((app) => {
      // It leaves no-transform alone, unless the application takes that away.
      app.use(compression({ threshold: 0 }))
      app.get('/', async (req: Request, res: Response) => {
        stream = openStream(req, res, { headers: { 'cache-control': 'no-cache' } })
        await channel.subscribe(stream)
      })
    })
    const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
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
    expect(readWire(received).map(({ data }) => data)).toEqual(
      Array.from({ length: 5 }, (_, i) => `event ${i}`),
    )
    await reader.cancel()
    expect((await stream?.closed)?.reason).toBe('client')
  })

  // The middleware hands a listener for 'drain' on to its compressor, which never gives it back.
  test('leaves no listeners behind in compression, however often its client is slow', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    let sent = 0
    const url = await serve((app) => {
      app.use(compression({ threshold: 0 }))
      app.get('/', async (req: Request, res: Response) => {
        const stream = openStream(req, res, { headers: { 'cache-control': 'no-cache' } })
        for (; sent < 40; sent++) {
          stream.send({ data: 'x'.repeat(100_000) })
          await stream.drained()
        }
        await stream.end()
      })
    })
    const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    expect((await response.text()).length).toBe(40 * 100_008)
    expect(sent).toBe(40)
    process.removeListener('warning', onWarning)
    expect(warnings).toEqual([])
  })

  test('gives the error response of the application for an error before the stream opens', async () => {
    const url = await serve((app) => {
      app.get('/wrong', (req: Request, res: Response) => {
        openStream(req, res, { heartbeatMs: -1 })
      })
      app.get('/late', (req: Request, res: Response) => {
        res.end('answered')
        openStream(req, res)
      })
      app.use((error: Error, _req: Request, res: Response, next: NextFunction) => {
        errors.push(error)
        if (res.headersSent) next(error)
        else res.status(418).json({ message: error.message })
      })
    })
    const errors: Error[] = []
    const answer = await ask(url, 'http/1.1', { path: '/wrong' })
    expect(answer.status).toBe(418)
    expect(await answer.whole).toContain('`heartbeatMs` to be an integer from 1')
    expect(await (await ask(url, 'http/1.1', { path: '/late' })).whole).toBe('answered')
    expect(errors[1]).toBeInstanceOf(SseError)
  })

  test('closes the stream of a handler that fails, with its error, and tells the client nothing', async () => {
    const failure = new Error('the password is swordfish')
    const seen: unknown[] = []
    const streams: SseStream[] = []
    const url = await serve((app) => {
      const router = framework.Router()
      router.get('/throws', (req: Request, res: Response) => {
        streams.push(openStream(req, res))
        throw failure
      })
      router.get('/next', async (req: Request, res: Response, next: NextFunction) => {
        streams.push(openStream(req, res))
        await Promise.resolve()
        next(failure)
      })
      router.get('/rejects', async (req: Request, res: Response) => {
        streams.push(openStream(req, res))
        await Promise.resolve()
        throw failure
      })
      app.use(router)
      app.use((error: unknown, _req: Request, _res: Response, next: NextFunction) => {
        seen.push(error)
        next(error)
      })
    })
    // Express 4 does not look at what a handler returns: its rejections are the process's.
    const paths = name === 'Express 5' ? ['/throws', '/next', '/rejects'] : ['/throws', '/next']
    for (const [index, path] of paths.entries()) {
      const answer = await ask(url, 'http/1.1', { path })
      const cut = await answer.whole.catch((error: unknown) => error)
      expect(cut).toBeInstanceOf(Error)
      expect(answer.received()).not.toContain('swordfish')
      expect(await streams[index]?.closed).toEqual({ reason: 'error', error: failure })
    }
    expect(seen).toEqual(paths.map(() => failure))
  })

  test('closes the stream of a failing handler whose route was added later', async () => {
    const failure = new Error('late')
    const streams: SseStream[] = []
    const fail = (req: Request, res: Response, next: NextFunction) => {
      streams.push(openStream(req, res))
      next(failure)
    }
    let add = () => {}
    const url = await serve((app) => {
      app.get('/early', fail)
      add = () => void app.get('/late', fail)
    })
    await (await ask(url, 'http/1.1', { path: '/early' })).whole.catch(() => {})
    add()
    await (await ask(url, 'http/1.1', { path: '/late' })).whole.catch(() => {})
    for (const stream of streams) expect(await stream.closed).toMatchObject({ error: failure })
    expect(streams).toHaveLength(2)
  })

  test('reports a failing handler the way Express does, once', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const url = await serve((app) => {
      app.get('/', (req: Request, res: Response, next: NextFunction) => {
        openStream(req, res)
        next(new Error('reported'))
      })
      process.nextTick(() => app.set('env', 'production'))
    })
    await (await ask(url, 'http/1.1')).whole.catch(() => {})
    await vi.waitUntil(() => print.mock.calls.length > 0, { timeout: 15_000 })
    expect(print.mock.calls.map(([line]) => String(line).split('\n')[0])).toEqual([
      'Error: reported',
    ])
    print.mockRestore()
  })
})
