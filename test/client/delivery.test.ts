// What a client asks for where a proxy may hold responses until they end, and what it makes of a batch.

import { describe, expect, test } from 'vitest'
import { type ConnectOptions, connect, type SseError } from '../../src/client.js'
import { rawServer, TestClient } from './harness.js'

const BATCH = 'retry: 100\n\n: delivery=long-poll\n\n'

async function start(options: ConnectOptions = {}) {
  const server = await rawServer()
  return { server, client: new TestClient(server.url, options) }
}

/** A client whose stream was held back, and its next request. */
async function startHeldBack(options: ConnectOptions = {}) {
  const { server, client } = await start({ delivery: 'auto', ...options })
  client.ask()
  ;(await server.next()).stream()
  await client.seen('open')
  client.clock.advance(5_000)
  return { server, client, request: await server.next() }
}

describe('delivery: "auto"', () => {
  test('streams as long as bytes come', async () => {
    const { server, client } = await start({ delivery: 'auto' })
    client.ask()
    const request = await server.next()
    request.stream(': \n\n')
    await client.seen('comment')
    client.clock.advance(89_999)
    request.write('data: 1\n\n')
    await client.seen('event')
    expect(client.all('attempt')).toMatchObject([{ number: 1, delivery: 'stream' }])
    expect(request.path).toBe('/')
    client.ask()
    client.clock.advance(90_000)
    await request.gone
    expect((await client.seen('retry')).delayMs).toBe(500)
    expect((await server.next()).path).toBe('/')
  })

  test('asks for a long poll once an open response has brought no byte for 5 seconds', async () => {
    const { server, client } = await start({ delivery: 'auto', lastEventId: '7' })
    client.ask()
    const held = await server.next()
    held.stream()
    await client.seen('open')
    client.clock.advance(4_999)
    expect(client.connection.state).toBe('open')
    client.clock.advance(1)
    await held.gone
    const request = await server.next()
    expect(request.path).toBe('/?delivery=long-poll')
    expect(request.values('last-event-id')).toEqual(['7'])
    expect(client.all('retry')).toMatchObject([{ delayMs: 0, error: { code: 'ERR_SSE_TIMEOUT' } }])
    expect(client.all('attempt')).toMatchObject([
      { number: 1, delivery: 'stream' },
      { number: 2, delivery: 'long-poll', lastEventId: '7' },
    ])
  })

  test('does so for a request that is not answered, after the time it is given', async () => {
    const { server, client } = await start({ delivery: 'auto', firstByteTimeoutMs: 100 })
    client.ask()
    await server.next()
    client.clock.advance(100)
    expect((await server.next()).path).toBe('/?delivery=long-poll')
  })

  test.each<[ConnectOptions]>([
    [{ idleTimeoutMs: false }],
    [{ idleTimeoutMs: 3_000 }],
    [{ eventTimeoutMs: 3_000 }],
    [{ reconnect: false }],
    [{ reconnect: { maxAttempts: 1, maxTotalMs: 1 } }],
  ])('does so with %j: it is no failure', async (options) => {
    const { client, request } = await startHeldBack(options)
    expect(request.path).toBe('/?delivery=long-poll')
    expect(client.all('retry')[0]).toMatchObject({ delayMs: 0 })
  })

  test('keeps asking so after batches and failures, and honours Retry-After', async () => {
    const { server, client, request } = await startHeldBack()
    request.stream(`${BATCH}id: 1\ndata: 1\n\n`).end()
    await client.seen('event')
    client.ask()
    const second = await server.next()
    expect(second.values('last-event-id')).toEqual(['1'])
    second.answer(503, { 'retry-after': '7' }, '')
    expect((await client.seen('retry', 3)).delayMs).toBe(7_000)
    const third = await server.next()
    third.cut()
    const fourth = await server.next()
    const paths = [second, third, fourth].map(({ path }) => path)
    expect(paths).toEqual(Array(3).fill('/?delivery=long-poll'))
    fourth.answer(204)
    await client.seen('close')
  })

  test('does not take a broken connection for one that is held back', async () => {
    const { server, client } = await start({ delivery: 'auto' })
    client.ask()
    ;(await server.next()).cut()
    const second = await server.next()
    second.stream()
    await client.seen('open')
    second.cut()
    expect((await server.next()).path).toBe('/')
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual([500, 1_000])
  })

  test('streams again once a response comes through as it is sent', async () => {
    const { server, client, request } = await startHeldBack()
    request.stream(BATCH)
    await client.seen('comment')
    client.clock.advance(1_000)
    request.write('id: 1\ndata: 1\n\n').end()
    await client.seen('event')
    client.ask()
    const again = await server.next()
    expect(again.path).toBe('/')
    again.stream()
    await client.seen('open', 3)
    client.clock.advance(5_000)
    expect((await server.next()).path).toBe('/?delivery=long-poll')
  })

  test('does not take a late beginning for a sign that anything streams', async () => {
    const { server, client, request } = await startHeldBack()
    request.stream()
    await client.seen('open', 2)
    client.clock.advance(20_000)
    request.write(`${BATCH}id: 1\ndata: 1\n\n`).end()
    await client.seen('event')
    client.ask()
    expect((await server.next()).path).toBe('/?delivery=long-poll')
  })

  test('takes a long poll without an answer for a failure', async () => {
    const { server, client } = await startHeldBack()
    client.clock.advance(90_000)
    expect((await client.seen('retry', 2)).delayMs).toBe(500)
    expect((await server.next()).path).toBe('/?delivery=long-poll')
  })

  test('reads on where a server answers a long poll with a stream', async () => {
    const { server, client, request } = await startHeldBack()
    request.stream('data: 1\n\n')
    await client.seen('event')
    const second = client.data()
    client.clock.advance(20_000)
    request.write('data: 2\n\n')
    expect(await second).toBe('2')
    client.ask()
    request.end()
    expect((await server.next()).path).toBe('/')
  })

  test.each(['is unanswered', 'is open'])(
    'leaves no timer when it is closed while it %s',
    async (moment) => {
      const { server, client } = await start({ delivery: 'auto' })
      const next = client.next()
      const request = await server.next()
      if (moment === 'is open') {
        request.stream()
        await client.seen('open')
      }
      client.connection.close()
      expect(await next).toEqual({ done: true, value: undefined })
      expect(client.clock.waitsMs).toEqual([])
      await request.gone
    },
  )

  test('rejects with the reason of the signal while it waits', async () => {
    const controller = new AbortController()
    const { server, client } = await start({ delivery: 'auto', signal: controller.signal })
    const next = client.next()
    const request = await server.next()
    controller.abort('enough')
    await expect(next).rejects.toBe('enough')
    await request.gone
    expect(client.clock.waitsMs).toEqual([])
  })
})

describe('a batch', () => {
  test('is followed by the next without growing waits, however many are empty', async () => {
    const { server, client } = await start({
      delivery: 'long-poll',
      reconnect: { maxAttempts: 1, maxTotalMs: 1 },
    })
    client.ask()
    for (let i = 0; i < 6; i++) (await server.next()).stream(BATCH).end()
    await server.next()
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual(Array(6).fill(100))
  })

  test('ends a row of failures', async () => {
    const { server, client } = await start({ delivery: 'poll', reconnect: { maxAttempts: 2 } })
    client.ask()
    ;(await server.next()).cut()
    ;(await server.next()).stream(': delivery=poll\n\n').end()
    ;(await server.next()).cut()
    expect((await server.next()).path).toBe('/?delivery=poll')
  })

  test.each<[ConnectOptions]>([[{ onEnd: 'finish' }], [{ reconnect: false }]])(
    'does not end the iteration with %j; 204 does',
    async (options) => {
      const { server, client } = await start({ delivery: 'poll', ...options })
      const data = client.data()
      ;(await server.next()).stream('retry: 9\n\n: delivery=poll\n\n').end()
      ;(await server.next()).stream(': delivery=poll\n\ndata: 1\n\n').end()
      expect(await data).toBe('1')
      const end = client.next()
      ;(await server.next()).answer(204)
      expect(await end).toEqual({ done: true, value: undefined })
    },
  )

  test('is what says so: the end of any other response is the end with onEnd: "finish"', async () => {
    const { server, client } = await start({ delivery: 'long-poll', onEnd: 'finish' })
    const data = client.data()
    ;(await server.next()).stream(BATCH).end()
    ;(await server.next()).stream('data: 1\n\n').end()
    expect(await data).toBe('1')
    expect(await client.next()).toEqual({ done: true, value: undefined })
  })

  test('that breaks is an error with reconnect: false', async () => {
    const { server, client } = await start({ delivery: 'long-poll', reconnect: false })
    const next = client.next()
    const request = await server.next()
    request.stream(BATCH)
    await client.seen('comment')
    request.cut()
    await expect(next).rejects.toMatchObject({ code: 'ERR_SSE_CONNECTION' })
  })

  test('ends with the event that `until` looks for', async () => {
    const { server, client } = await start({
      delivery: 'long-poll',
      until: ({ data }) => data === '[DONE]',
    })
    const next = client.next()
    ;(await server.next()).stream(`${BATCH}data: [DONE]\n\n`)
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test.each<[number | false, number | undefined]>([
    [20_000, 35_000],
    [90_000, 90_000],
    [false, undefined],
  ])('may take what a server takes for it: idleTimeoutMs %j', async (idleTimeoutMs, waitMs) => {
    const { server, client } = await start({ delivery: 'long-poll', idleTimeoutMs })
    client.ask()
    await server.next()
    expect(client.clock.waitsMs[0]).toBe(waitMs)
  })
})

describe('the query', () => {
  test.each([
    ['', '/?delivery=poll'],
    ['?', '/?delivery=poll'],
    ['?a=b%20c&flag&d', '/?a=b%20c&flag&d&delivery=poll'],
    ['?delivery=stream&x=1&delivery', '/?x=1&delivery=poll'],
    ['?delivery_to=me#there', '/?delivery_to=me&delivery=poll'],
  ])('%j becomes %j', async (query, path) => {
    const { server, client } = await start({
      delivery: 'poll',
      request: () => ({ url: `${server.url}${query}` }),
    })
    client.ask()
    expect((await server.next()).path).toBe(path)
  })

  test('is not touched without the option, nor its wait', async () => {
    const { server, client } = await start()
    client.ask()
    const request = await server.next()
    expect(request.path).toBe('/')
    expect(client.clock.waitsMs).toEqual([90_000])
    client.clock.advance(90_000)
    expect((await client.seen('retry')).delayMs).toBe(500)
    expect((await server.next()).path).toBe('/')
  })
})

describe('connect', () => {
  test.each<[ConnectOptions, string]>([
    [
      { delivery: 'push' as never },
      'TypeError: Expected `delivery` to be one of "stream", "auto", "long-poll", "poll", got "push"',
    ],
    [
      { firstByteTimeoutMs: 0 },
      'RangeError: Expected `firstByteTimeoutMs` to be an integer from 1 to 2147483647, got 0',
    ],
    [
      { firstByteTimeoutMs: false as never },
      'TypeError: Expected `firstByteTimeoutMs` to be an integer from 1 to 2147483647, got false',
    ],
  ])('refuses %j', (options, message) => {
    let thrown: SseError | undefined
    try {
      connect('http://127.0.0.1', options)
    } catch (error) {
      thrown = error as SseError
    }
    expect(String(thrown)).toBe(message)
  })
})
