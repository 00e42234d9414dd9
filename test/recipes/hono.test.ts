// The recipe for Hono, on its server for Node.js, and what its page says of headers and middleware.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { closeAllStreams, streamStats } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { type Context, type Handler, Hono, type MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ask } from '../adapters/client.js'
import { describeRecipe } from './contract.js'
import { app } from './hono/app.js'

// Hono's server prints each client that leaves.
beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

async function listen(served: Hono) {
  const server = createAdaptorServer({ fetch: served.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      await closeAllStreams({ withinMs: 0 })
      await closed
    },
  }
}

describeRecipe('the recipe for Hono', { notFound: /^No such topic$/ }, async () => {
  vi.stubEnv('HOST', '127.0.0.1').stubEnv('PORT', '0')
  const { server, stop } = await import('./hono/server.js')
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stats: streamStats, close: stop }
})

describe('headers set by c.header() in Hono', () => {
  const farewell = (c: Context) => {
    c.header('x-own', '1')
    setCookie(c, 'a', 'b')
    const { stream, response } = openStream(c.req.raw)
    void stream.end({ data: 'bye' })
    return response
  }
  const rewrapped = (c: Context) => {
    const response = farewell(c)
    return c.newResponse(response.body, response)
  }
  const untouched: MiddlewareHandler = (_c, next) => next()

  test.each<[string, MiddlewareHandler[], Handler, boolean]>([
    ['are kept by c.newResponse', [], rewrapped, true],
    ['are kept by c.newResponse behind middleware', [untouched, cors()], rewrapped, true],
    ['are kept behind middleware that has set headers', [cors()], farewell, true],
    ['are lost behind none', [], farewell, false],
    ['are lost behind middleware that has not touched c.res', [untouched], farewell, false],
  ])('%s', async (_what, middleware, handler, isKept) => {
    const own = new Hono()
    for (const each of middleware) own.use(each)
    const { url, close } = await listen(own.get('/', handler))
    const answer = await ask(url, 'http/1.1')
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(answer.headers['x-own']).toBe(isKept ? '1' : undefined)
    expect(answer.headers['set-cookie']).toEqual(isKept ? ['a=b; Path=/'] : undefined)
    expect(await answer.whole).toBe('data: bye\n\n')
    await close()
  })
})

test('Hono delivers event by event behind cors, secureHeaders and compress', async () => {
  const own = new Hono()
    .use(cors({ origin: 'https://example.org' }), secureHeaders(), compress())
    .route('/', app)
  const { url, close } = await listen(own)
  const answer = await ask(url, 'http/1.1', {
    path: '/feed/weather',
    headers: { origin: 'https://example.org', 'accept-encoding': 'gzip' },
  })
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'access-control-allow-origin': 'https://example.org',
    'x-content-type-options': 'nosniff',
  })
  expect(answer.headers).not.toHaveProperty('content-encoding')
  for (const text of ['1', '2', '3']) {
    await fetch(new URL('/feed/weather', url), { method: 'POST', body: JSON.stringify({ text }) })
    await answer.has(`{"text":"${text}"}\n\n`)
  }
  const gone = streamStats().closed.client
  answer.leave()
  await expect.poll(() => streamStats().closed.client).toBe(gone + 1)
  await close()
})
