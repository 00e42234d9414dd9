// The adapter of Fastify: the contract, its plugin, hooks and other plugins, and how a server closes.

import type { AddressInfo } from 'node:net'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import plugin, {
  acceptsEventStream,
  lastEventIdOf,
  openStream,
  type PluginOptions,
  refuse,
  stop,
} from '../../src/adapters/fastify.js'
import { SseChannel, SseError, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { ask, type Protocol } from './client.js'
import { type Call, describeAdapter, type Serve } from './contract.js'

async function listen(app: FastifyInstance, scheme = 'http') {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url: `${scheme}://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    close: async () => {
      app.server.closeAllConnections?.()
      await app.close()
    },
  }
}

function serve(protocol: Protocol, prepare: (app: FastifyInstance) => void = () => {}): Serve {
  return async (handle) => {
    const app = (
      protocol === 'h2' ? fastify({ http2: true, https: await certificate() } as never) : fastify()
    ) as FastifyInstance
    await app.register(plugin, { shutdown: { withinMs: 0 } })
    prepare(app)
    app.all('/', async (request: FastifyRequest, reply: FastifyReply) => {
      const call: Call = {
        openStream: (options) => openStream(request, reply, options),
        stop: () => stop(reply),
        refuse: (options) => refuse(reply, options),
        setHeader: (name, value) => void reply.header(name, value),
        acceptsEventStream: () => acceptsEventStream(request),
        lastEventIdOf: () => lastEventIdOf(request),
      }
      await handle(call)
      return reply
    })
    return listen(app, protocol === 'h2' ? 'https' : 'http')
  }
}

describeAdapter('eventwire/fastify', { protocol: 'http/1.1' }, serve('http/1.1'))
describeAdapter('eventwire/fastify on http2', { protocol: 'h2' }, serve('h2'))
describeAdapter(
  'eventwire/fastify behind hooks that take their time',
  { protocol: 'http/1.1' },
  serve('http/1.1', (app) => {
    app.addHook('onRequest', async () => new Promise((resolve) => setTimeout(resolve, 5)))
    app.addHook('onSend', async () => new Promise((resolve) => setTimeout(resolve, 5)))
  }),
)

describe('eventwire/fastify', () => {
  let app: FastifyInstance
  afterEach(async () => {
    app.server.closeAllConnections()
    await app.close()
  })

  async function start(
    set: (app: FastifyInstance) => void,
    options: PluginOptions = { shutdown: { withinMs: 0 } },
  ) {
    app = fastify()
    await app.register(plugin, options)
    set(app)
    return (await listen(app)).url
  }

  test('adds reply.sse, with defaults that a call overrides', async () => {
    let stream: SseStream | undefined
    const url = await start(
      (app) => {
        app.get('/', (_request, reply) => {
          stream = reply.sse({ retryMs: 222 })
          return reply
        })
      },
      { retryMs: 111, headers: { 'x-from': 'defaults' } },
    )
    const answer = await ask(url, 'http/1.1')
    await answer.has('retry: 222\n\n')
    expect(answer.headers['x-from']).toBe('defaults')
    stream?.send({ data: 'hello' })
    await answer.has('data: hello\n\n')
    answer.leave()
    expect(await stream?.closed).toEqual({ reason: 'client' })
  })

  test('refuses wrong options when it is registered', async () => {
    app = fastify()
    await expect(app.register(plugin, { heartbeatMs: -1 })).rejects.toThrow('`heartbeatMs`')
    const other = fastify()
    await expect(other.register(plugin, { shutdown: { withinMs: -1 } })).rejects.toThrow(
      '`withinMs`',
    )
  })

  test('is there where it was registered, and nowhere else', async () => {
    app = fastify()
    await app.register(async (inner) => {
      await inner.register(plugin)
      inner.get('/inside', (_request, reply) => {
        void reply.sse().end({ data: 'inside' })
        return reply
      })
    })
    app.get('/outside', async (_request, reply) => ({ has: 'sse' in reply }))
    expect((await app.inject('/inside')).body).toBe('data: inside\n\n')
    expect((await app.inject('/outside')).json()).toEqual({ has: false })
  })

  test('keeps the headers and cookies of cors, helmet, cookie and hooks', async () => {
    const url = await start((app) => {
      app.register(cors, { origin: 'https://example.org', credentials: true })
      app.register(helmet)
      app.register(cookie, { secret: 'x' })
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('x-request-id', 'r1')
      })
      app.addHook('onSend', async (_request, reply) => {
        reply.header('x-sent', 'yes')
      })
      app.get('/', (request, reply) => {
        reply.setCookie('a', 'b')
        void openStream(request, reply).end({ data: 'bye' })
        return reply
      })
    })
    const answer = await ask(url, 'http/1.1', { headers: { origin: 'https://example.org' } })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'access-control-allow-origin': 'https://example.org',
      'access-control-allow-credentials': 'true',
      'x-request-id': 'r1',
      'x-sent': 'yes',
      'x-content-type-options': 'nosniff',
      'set-cookie': [expect.stringMatching(/^a=b/)],
    })
    expect(await answer.whole).toBe('data: bye\n\n')
  })

  test.each([
    ['as it comes', {}],
    ['told to compress event streams', { customTypes: /event-stream/, threshold: 0 }],
  ])('delivers event by event beside @fastify/compress %s', async (_what, options) => {
    const channel = new SseChannel()
    const url = await start((app) => {
      app.register(compress, options)
      app.after(() => {
        app.get('/', async (request, reply) => {
          await channel.subscribe(openStream(request, reply))
          return reply
        })
      })
    })
    const answer = await ask(url, 'http/1.1', { headers: { 'accept-encoding': 'gzip, br' } })
    for (let i = 0; i < 3; i++) {
      await channel.publish({ data: `event ${i}` })
      await answer.has(`data: event ${i}\n\n`)
    }
    answer.leave()
  })

  test('gives the error response of the application for an error before the stream opens', async () => {
    const url = await start((app) => {
      app.setErrorHandler(async (error: Error, _request, reply) => {
        reply.code(418)
        return { message: error.message }
      })
      app.get('/', (request, reply) => {
        openStream(request, reply, { heartbeatMs: -1 })
        return reply
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.status).toBe(418)
    expect(await answer.whole).toContain('`heartbeatMs` to be an integer from 1')
  })

  const failure = new Error('the password is swordfish')

  test.each<[string, (request: FastifyRequest, reply: FastifyReply) => unknown]>([
    [
      'throws',
      () => {
        throw failure
      },
    ],
    [
      'rejects',
      async () => {
        throw failure
      },
    ],
    [
      'rejects later',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw failure
      },
    ],
    ['sends its error', (_request, reply) => reply.send(failure)],
  ])('closes the stream of a handler that %s, and tells the client nothing', async (_how, fail) => {
    for (const ownHandler of [false, true]) {
      let stream: SseStream | undefined
      const reported: unknown[] = []
      const handled: unknown[] = []
      const url = await start((app) => {
        app.addHook('onError', async (_request, _reply, error) => {
          reported.push(error)
        })
        if (ownHandler) {
          app.setErrorHandler(async (error: Error) => {
            handled.push(error)
            return { message: error.message }
          })
        }
        app.get('/', (request, reply) => {
          stream = openStream(request, reply)
          return fail(request, reply) as never
        })
      })
      const answer = await ask(url, 'http/1.1')
      expect(await answer.whole.catch((error: unknown) => error)).toBeInstanceOf(Error)
      expect(answer.received()).toBe('')
      expect(await stream?.closed).toEqual({ reason: 'error', error: failure })
      expect(reported).toEqual([failure])
      expect(handled).toEqual(ownHandler ? [failure] : [])
      await app.close()
    }
  })

  test.each([false, true])(
    'lets the application answer when a handler fails before its hooks are through (its own handler: %s)',
    async (ownHandler) => {
      let stream: SseStream | undefined
      const url = await start((app) => {
        app.addHook('onSend', async () => new Promise((resolve) => setTimeout(resolve, 30)))
        if (ownHandler) app.setErrorHandler(async () => 'our answer')
        app.get('/', async (request, reply) => {
          stream = openStream(request, reply)
          stream.send({ data: 'held' })
          throw Object.assign(failure, { statusCode: 503 })
        })
      })
      const answer = await ask(url, 'http/1.1')
      expect(await stream?.closed).toEqual({ reason: 'error', error: failure })
      expect(answer.status).toBe(ownHandler ? 200 : 503)
      const body = await answer.whole
      expect(body).not.toContain('held')
      if (ownHandler) expect(body).toBe('our answer')
    },
  )

  test('closes the stream of a handler that answers twice', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.get('/', async (request, reply) => {
        stream = openStream(request, reply)
        return { also: 'this' }
      })
    })
    await (await ask(url, 'http/1.1')).whole.catch(() => {})
    const { reason, error } = (await stream?.closed) ?? {}
    expect(reason).toBe('error')
    expect(error).toBeInstanceOf(SseError)
    expect(error).toMatchObject({ code: 'ERR_SSE_HEAD_SENT', cause: { also: 'this' } })
  })

  test('keeps the stream of an async handler that returns nothing', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.addHook('onSend', async () => new Promise((resolve) => setTimeout(resolve, 20)))
      app.get('/', async (request, reply) => {
        stream = openStream(request, reply)
      })
    })
    const answer = await ask(url, 'http/1.1')
    await stream?.end({ data: 'bye' })
    expect(await answer.whole).toBe('data: bye\n\n')
  })

  test('sends all items of a source that its handler waits for', async () => {
    const url = await start((app) => {
      app.get('/', async (_request, reply) => {
        const stream = reply.sse()
        await stream.sendAll(Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(1_000)}`))
        await stream.end()
        return reply
      })
    })
    const body = await (await ask(url, 'http/1.1')).whole
    expect(body.match(/^data: /gm)).toHaveLength(500)
  })

  test('comes to the end of inject when the stream ends', async () => {
    app = fastify()
    await app.register(plugin)
    app.get('/', (_request, reply) => {
      const stream = reply.sse()
      stream.send({ data: '1' })
      setTimeout(() => void stream.end({ event: 'bye' }), 10)
      return reply
    })
    const response = await app.inject('/')
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.body).toBe('data: 1\n\nevent: bye\ndata: \n\n')
    const head = await app.inject({ method: 'HEAD', url: '/' })
    expect(head.headers['content-type']).toBe('text/event-stream')
    expect(head.headers).not.toHaveProperty('content-length')
    expect(head.body).toBe('')
  })

  test('closes its streams when Fastify closes, and those of no other instance', async () => {
    const other = fastify()
    const streams: Record<string, SseStream> = {}
    await other.register(plugin)
    other.get('/', (_request, reply) => {
      streams.other = reply.sse()
      return reply
    })
    const otherServer = await listen(other)
    const elsewhere = await ask(otherServer.url, 'http/1.1')
    const url = await start(
      (app) => {
        app.get('/', (_request, reply) => {
          streams.own = reply.sse()
          return reply
        })
      },
      { shutdown: { withinMs: 50, retryMs: 7, farewell: { event: 'bye' } } },
    )
    const answer = await ask(url, 'http/1.1')
    await app.close()
    expect(await answer.whole).toBe('event: bye\nretry: 7\ndata: \n\n')
    expect(await streams.own?.closed).toEqual({ reason: 'shutdown' })
    expect(streams.other?.state).toBe('open')
    elsewhere.leave()
    await otherServer.close()
  })

  test('closes also what opens while Fastify closes', async () => {
    let goOn = () => {}
    const permission = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let late: SseStream | undefined
    const url = await start((app) => {
      app.get('/late', async (_request, reply) => {
        await permission
        late = reply.sse()
        return reply
      })
      app.addHook('preClose', async () => goOn())
    })
    const answering = ask(url, 'http/1.1', { path: '/late' })
    await vi.waitUntil(() => app.server.listening)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await app.close()
    expect(await (await answering).whole).toMatch(/^retry: \d+\n\n$/)
    expect(await late?.closed).toEqual({ reason: 'shutdown' })
  })

  test('closes when a hook puts something else in its place', async () => {
    let stream: SseStream | undefined
    const url = await start((app) => {
      app.addHook('onSend', async (_request, reply) => {
        reply.removeHeader('content-type')
        return 'something else'
      })
      app.get('/', (request, reply) => {
        stream = openStream(request, reply)
        stream.send({ data: 'never read' })
        return reply
      })
    })
    expect(await (await ask(url, 'http/1.1')).whole).toBe('something else')
    expect(await stream?.closed).toEqual({ reason: 'ended' })
  })
})
