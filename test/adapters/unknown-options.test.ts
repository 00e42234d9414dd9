// Options that there are none of, where a request is answered.

import express from 'express'
import Fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { sse as expressSse } from '../../src/adapters/express.js'
import plugin from '../../src/adapters/fastify.js'
import { openStream, refuse } from '../../src/adapters/fetch.js'
import { sse as koaSse } from '../../src/adapters/koa.js'
import { streamStats } from '../../src/index.js'

const typo = { heartbeat: 5_000 } as object
const message =
  'Expected each key of the options to be one of "events", "validate", "heartbeatMs", "retryMs", "lastEventId", ' +
  '"maxBufferedBytes", "overflow", "stallTimeoutMs", "maxLifetimeMs", "signal", "serialize", "headers", "status", ' +
  '"accept", "compress", "delivery", got "heartbeat"'

describe('an option that there is none of', () => {
  test('is refused by openStream before anything is opened', () => {
    const before = streamStats().opened
    expect(() => openStream(new Request('http://localhost/'), typo)).toThrow(new TypeError(message))
    expect(streamStats().opened).toBe(before)
  })

  test('is refused by refuse', () => {
    expect(() => refuse({ retryAfter: 5 } as object)).toThrow(
      new TypeError(
        'Expected each key of the options to be one of "retryAfterMs", got "retryAfter"',
      ),
    )
  })

  test.each<[string, (options: object) => unknown]>([
    ['eventwire/express', expressSse],
    ['eventwire/koa', koaSse],
  ])('is refused by sse of %s', (_entry, sse) => {
    expect(() => sse(typo)).toThrow(new TypeError(message))
  })

  test('is left to others by the plugin, to which Fastify gives options of its own', async () => {
    const fastify = Fastify()
    await fastify.register(plugin, { prefix: '/x', logLevel: 'warn', retryMs: 7, ...typo })
    fastify.get('/', (_request, reply) => {
      void reply.sse().end()
      return reply
    })
    expect((await fastify.inject('/')).body).toBe('retry: 7\n\n')
    await fastify.close()
  })
})

describe('a wrong value for all streams of a middleware or plugin', () => {
  test.each<[object, string]>([
    [{ accept: 'foo' }, 'Expected `accept` to be one of "lenient", "strict", false, got "foo"'],
    [{ status: 204 }, 'Expected `status` to be one whose response has a body, got 204'],
    [{ compress: 'yes' }, 'Expected `compress` to be a boolean, got "yes"'],
    [
      { delivery: 'x' },
      'Expected `delivery` to be one of "stream", "long-poll", "poll", "auto", got "x"',
    ],
  ])('is refused where it is given: %j', async (options, message) => {
    expect(() => expressSse(options)).toThrow(message)
    expect(() => koaSse(options)).toThrow(message)
    const fastify = Fastify()
    await expect(async () => fastify.register(plugin, options)).rejects.toThrow(message)
  })
})

describe('validate as a default', () => {
  const validate = true

  test('is for the streams that have a contract, and harmless for others', async () => {
    const app = express().use(expressSse({ validate }))
    app.get('/', (_req, res) => void res.sse().end())
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))

    expect(() => koaSse({ validate })).not.toThrow()
    const fastify = Fastify()
    await fastify.register(plugin, { validate })
    await fastify.close()
    expect(new Koa().use(koaSse({ validate })).middleware).toHaveLength(1)
  })

  test('is refused by a call that has none', () => {
    expect(() => openStream(new Request('http://localhost/'), { validate })).toThrow(
      new TypeError('Expected `validate` to be absent without `events`, got true'),
    )
  })
})
