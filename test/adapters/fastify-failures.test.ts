// What goes wrong around a stream in Fastify, and what its client and the application see of it.

import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import plugin from '../../src/adapters/fastify.js'
import type { SseStream } from '../../src/index.js'
import { ask } from './client.js'

describe('eventwire/fastify', () => {
  let app: FastifyInstance
  const streams: SseStream[] = []
  afterEach(async () => {
    app.server.closeAllConnections()
    await app.close()
    streams.length = 0
  })

  async function start(set: (app: FastifyInstance) => void) {
    app = fastify()
    await app.register(plugin, { shutdown: { withinMs: 0 } })
    set(app)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  }

  const last = () => streams.at(-1) as SseStream

  test.each(['async', 'sync'])(
    'lets the error handler answer when an onSend hook fails (%s)',
    async (kind) => {
      const url = await start((app) => {
        const refusal = Object.assign(new Error('please log in'), { statusCode: 401 })
        let isFirst = true
        // The answer to the error comes by it, too.
        const failOnce = () => {
          if (isFirst) {
            isFirst = false
            return refusal
          }
          return undefined
        }
        if (kind === 'async') {
          app.addHook('onSend', async () => {
            const failure = failOnce()
            if (failure) throw failure
          })
        } else {
          app.addHook('onSend', (_request, _reply, payload, done) =>
            done(failOnce() as never, payload),
          )
        }
        app.setErrorHandler((error: Error, _request, reply) =>
          reply.code(401).send({ message: error.message }),
        )
        app.get('/', (_request, reply) => {
          streams.push(reply.sse({ compress: true }))
          return reply
        })
      })
      const answer = await ask(url, 'http/1.1', { headers: { 'accept-encoding': 'gzip' } })
      expect(answer.status).toBe(401)
      expect(answer.headers).not.toHaveProperty('content-encoding')
      expect(await answer.whole).toBe('{"message":"please log in"}')
      expect((await last().closed).reason).toBe('error')
    },
  )

  test('gives the error response of Fastify when a hook destroys the payload', async () => {
    const url = await start((app) => {
      app.addHook('onSend', async (_request, _reply, payload) => {
        ;(payload as Readable).destroy?.()
      })
      app.get('/', (_request, reply) => {
        streams.push(reply.sse())
        return reply
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.status).toBe(500)
    await answer.whole
    expect(await last().closed).toEqual({ reason: 'ended' })
  })

  test.each<[string, unknown]>([
    ['a string', 'text'],
    ['undefined', undefined],
  ])('closes the stream of a handler that throws %s', async (_what, thrown) => {
    const handled: unknown[] = []
    const url = await start((app) => {
      app.setErrorHandler(async (error) => {
        handled.push(error)
        return 'handled'
      })
      app.get('/', async (_request, reply) => {
        streams.push(reply.sse())
        throw thrown
      })
    })
    const answer = await ask(url, 'http/1.1')
    await answer.whole.catch(() => {})
    expect((await last().closed).reason).toBe('error')
    expect(handled).toEqual([thrown])
    expect(answer.received()).toBe('')
  })

  test('adds cookies of its options to those that were set before', async () => {
    const url = await start((app) => {
      app.get('/', (_request, reply) => {
        reply.header('set-cookie', 'session=1')
        void reply.sse({ headers: { 'set-cookie': ['a=1', 'b=2'] } }).end()
        return reply
      })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.headers['set-cookie']).toEqual(['session=1', 'a=1', 'b=2'])
  })
})
