// What goes wrong around a stream in Koa 2 and 3, and what its client and the application see of it.

import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import Koa from 'koa'
import Koa2 from 'koa2'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openStream, refuse, sse, stop } from '../../src/adapters/koa.js'
import type { SseStream } from '../../src/index.js'
import { ask } from './client.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(Object.entries({ 'Koa 3': Koa, 'Koa 2': Koa2 }))('%s', (_name, framework) => {
  let server: http.Server
  const errors: unknown[] = []
  const streams: SseStream[] = []
  afterEach(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
    errors.length = 0
    streams.length = 0
  })

  async function start(...middleware: Koa.Middleware[]) {
    const app = new framework()
    app.on('error', (error) => errors.push(error))
    for (const each of middleware) app.use(each)
    server = http.createServer(app.callback())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const last = () => streams.at(-1) as SseStream

  // Its error has the code that Koa gives to clients that leave.
  test.each([0, 300])(
    'reports a source of the handler that breaks off after %d ms',
    async (afterMs) => {
      const url = await start(async (ctx) => {
        const stream = openStream(ctx)
        streams.push(stream)
        const source = new Readable({ read() {} })
        source.push('begun')
        setTimeout(() => source.destroy(), afterMs)
        await stream.sendAll(source)
      })
      const answer = await ask(url, 'http/1.1')
      await answer.whole.catch(() => {})
      await vi.waitUntil(() => errors.length > 0, { timeout: 15_000 })
      expect(errors).toMatchObject([{ code: 'ERR_STREAM_PREMATURE_CLOSE' }])
      expect(await last().closed).toEqual({ reason: 'error', error: errors[0] })
      expect(answer.status).toBe(afterMs === 0 ? 500 : 200)
    },
  )

  test('gives an answer in place of a stream its own type, and no coding', async () => {
    const url = await start(
      async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          ctx.status = 418
          ctx.body = ctx.path === '/json' ? { error: String(error) } : String(error)
        }
      },
      (ctx) => {
        streams.push(openStream(ctx, { compress: true }))
        throw new Error('no')
      },
    )
    const headers = { 'accept-encoding': 'gzip' }
    const text = await ask(url, 'http/1.1', { headers })
    expect(text.status).toBe(418)
    expect(text.headers['content-type']).toMatch(/^text\/plain/)
    expect(text.headers).not.toHaveProperty('content-encoding')
    expect(await text.whole).toBe('Error: no')
    const json = await ask(url, 'http/1.1', { headers, path: '/json' })
    expect(json.headers['content-type']).toMatch(/^application\/json/)
    expect(await json.whole).toBe('{"error":"Error: no"}')
    expect((await last().closed).reason).toBe('ended')
  })

  test.each(['at once', 'after it has waited'])(
    'sees a client that resets the connection of a handler that returns %s',
    async (when) => {
      const url = await start(async (ctx) => {
        const stream = openStream(ctx)
        streams.push(stream)
        stream.send({ data: 'x' })
        if (when !== 'at once') await stream.closed
      })
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await vi.waitUntil(() => socket.bytesRead > 0 && streams.length > 0, { timeout: 15_000 })
      socket.resetAndDestroy()
      expect(await last().closed).toEqual({ reason: 'client' })
      expect(errors).toEqual([])
    },
  )

  test('waits as long as other middleware takes, where sse() has seen the handler return', async () => {
    const url = await start(
      async (ctx, next) => {
        await next()
        await sleep(300)
        ctx.cookies.set('late', 'yes')
      },
      sse(),
      (ctx) => {
        streams.push(ctx.sse())
        last().send({ data: 'held' })
      },
    )
    const answer = await ask(url, 'http/1.1')
    expect(String(answer.headers['set-cookie'])).toContain('late=yes')
    await answer.has('data: held\n\n')
    expect(last().state).toBe('open')
    expect(errors).toEqual([])
  })

  test.each<[string, (ctx: Koa.Context) => void]>([
    ['answers it', (ctx) => Object.assign(ctx, { body: 'the password is swordfish' })],
    ['streams an answer', (ctx) => Object.assign(ctx, { body: Readable.from(['swordfish']) })],
  ])(
    'writes nothing else into a stream whose error a middleware catches and %s',
    async (_how, answerError) => {
      const url = await start(
        async (ctx, next) => {
          await next().catch(() => answerError(ctx))
        },
        async (ctx) => {
          streams.push(openStream(ctx))
          last().send({ data: 'x' })
          await sleep(300)
          throw new Error('swordfish')
        },
      )
      const answer = await ask(url, 'http/1.1')
      expect(await answer.whole.catch((error: unknown) => error)).toBeInstanceOf(Error)
      expect(answer.received()).toBe('data: x\n\n')
      expect((await last().closed).reason).toBe('error')
    },
  )

  test('closes a stream whose error a middleware catches in silence, where sse() has seen it', async () => {
    const failure = new Error('seen')
    const url = await start(
      async (_ctx, next) => {
        await next().catch(() => {})
      },
      sse(),
      async (ctx) => {
        streams.push(ctx.sse())
        await sleep(300)
        throw failure
      },
    )
    const answer = await ask(url, 'http/1.1')
    await answer.whole.catch(() => {})
    expect(await last().closed).toEqual({ reason: 'error', error: failure })
  })

  test('makes an Error of what is none', async () => {
    const url = await start((ctx) => {
      streams.push(openStream(ctx))
      throw 'text'
    })
    expect((await ask(url, 'http/1.1')).status).toBe(500)
    expect(await last().closed).toEqual({ reason: 'error', error: new Error('text') })
  })

  test('opens no stream for a request that was refused or stopped', async () => {
    const seen: unknown[] = []
    const url = await start((ctx) => {
      if (ctx.path === '/stop') stop(ctx)
      else refuse(ctx)
      try {
        openStream(ctx)
      } catch (error) {
        seen.push((error as { code?: unknown }).code)
      }
    })
    expect((await ask(url, 'http/1.1')).status).toBe(503)
    expect((await ask(url, 'http/1.1', { path: '/stop' })).status).toBe(204)
    expect(seen).toEqual(['ERR_SSE_HEAD_SENT', 'ERR_SSE_HEAD_SENT'])
  })
})
