// The recipes for h3 2 and h3 1, on their servers.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closeAllStreams, streamStats } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { H3, serve, setCookie } from 'h3'
import { toNodeListener } from 'h3-1'
import { expect, test, vi } from 'vitest'
import { ask } from '../adapters/client.js'
import { describeRecipe } from './contract.js'
import { app as app1 } from './h3-1/app.js'

describeRecipe('the recipe for h3', { notFound: /"No such topic"/ }, async () => {
  vi.stubEnv('HOST', '127.0.0.1').stubEnv('PORT', '0')
  const { server, stop } = await import('./h3/server.js')
  await server.ready()
  return { url: server.url as string, stats: streamStats, close: stop }
})

describeRecipe(
  'the recipe for h3 1',
  // In its router a route for GET has no HEAD.
  { notFound: /"statusCode": 404/, answersHead: false },
  async () => {
    const server = createServer(toNodeListener(app1))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stats: streamStats,
      close: async () => {
        const closed = new Promise((resolve) => server.close(resolve))
        await closeAllStreams({ withinMs: 0 })
        await closed
      },
    }
  },
)

test('h3 keeps what is set on event.res, and lets it win', async () => {
  const own = new H3().get('/', (event) => {
    event.res.headers.set('x-own', '1')
    event.res.headers.set('cache-control', 'no-store')
    setCookie(event, 'a', 'b')
    const { stream, response } = openStream(event.req)
    void stream.end({ data: 'bye' })
    return response
  })
  const server = serve(own, { port: 0, hostname: '127.0.0.1', silent: true })
  await server.ready()
  const answer = await ask(server.url as string, 'http/1.1')
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-own': '1',
    'set-cookie': ['a=b; Path=/'],
  })
  expect(await answer.whole).toBe('data: bye\n\n')
  await server.close()
})
