// The recipes for NestJS, on Express and on Fastify, and what stands beside a stream there.

import 'reflect-metadata'
import { type INestApplication, Logger } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { closeAllStreams, streamStats } from 'eventwire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'
import { describeRecipe } from './contract.js'
import { createApp as createOnExpress } from './nestjs/app.js'
import { createApp as createOnFastify } from './nestjs/fastify-app.js'
import { BesideModule, seen, streams } from './nestjs/neighbours.js'

Logger.overrideLogger(false)

async function served(app: INestApplication) {
  await app.listen(0, '127.0.0.1')
  return { url: await app.getUrl(), stats: streamStats, close: () => app.close() }
}

const NOT_FOUND = { notFound: /"message":"No such topic"/ }

describeRecipe('the recipe for NestJS on Express', NOT_FOUND, async () =>
  served(await createOnExpress()),
)
describeRecipe('the recipe for NestJS on Fastify', NOT_FOUND, async () =>
  served(await createOnFastify()),
)

describe.each([
  // It answers with what the handler has returned, after the handler has answered.
  ['Express', 'ended', () => NestFactory.create(BesideModule)],
  ['Fastify', 'open', () => NestFactory.create(BesideModule, new FastifyAdapter())],
])('beside a stream in NestJS on %s', (_name, passthrough, create) => {
  let url: string
  let close: () => Promise<void>
  beforeEach(async () => {
    streams.length = 0
    seen.length = 0
    ;({ url, close } = await served(await create()))
  })
  afterEach(async () => {
    await closeAllStreams({ withinMs: 0 })
    await close()
  })

  const get = (path: string) => ask(url, 'http/1.1', { path })

  test('a guard that refuses gives its 403, and no stream', async () => {
    const answer = await get('/beside/guarded')
    expect(answer.status).toBe(403)
    expect(JSON.parse(await answer.whole)).toMatchObject({ message: 'Forbidden resource' })
    expect(streams).toEqual([])
  })

  test('decorated headers and status are kept', async () => {
    const answer = await get('/beside/intercepted')
    expect(answer.headers).toMatchObject({ 'x-own': '1', 'content-type': 'text/event-stream' })
    expect(answer.status).toBe(203)
  })

  test('an interceptor runs, and what it makes of the result goes nowhere', async () => {
    const answer = await get('/beside/intercepted')
    expect(await answer.whole).toBe('data: bye\n\n')
    expect(seen).toEqual(['before', 'after'])
  })

  test('a handler that fails ends its stream, and tells the client nothing', async () => {
    const answer = await get('/beside/failing')
    expect(await answer.whole).toBe('')
    // The exception filter has ended the response.
    expect(await streams[0]?.closed).toEqual({ reason: 'ended' })
  })

  test(`passthrough ${passthrough === 'ended' ? 'ends the stream' : 'is of no consequence'}`, async () => {
    const answer = await get('/beside/passed-through')
    streams[0]?.send({ data: 'x' })
    if (passthrough === 'open') await answer.has('data: x\n\n')
    else expect(await answer.whole).not.toContain('x')
    expect(streams[0]?.state).toBe(passthrough === 'open' ? 'open' : 'closed')
  })
})

test('NestJS: an Observable is sent as a stream, to its end', async () => {
  const { url, close } = await served(await NestFactory.create(BesideModule))
  const answer = await ask(url, 'http/1.1', { path: '/ticks' })
  expect(readWire(await answer.whole)).toEqual([
    ...[0, 1, 2].map((n) => ({ event: 'tick', id: `${n}`, data: JSON.stringify({ n }) })),
    { event: 'done', id: undefined, data: '' },
  ])
  await close()
})
