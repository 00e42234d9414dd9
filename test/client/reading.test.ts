// What is read, how much of it and for how long: watchdogs, limits, contracts, sources without a connection.

import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connect } from '../../src/client.js'
import { defineEvents, parseEvents } from '../../src/parser.js'
import { generated, rejection, TestStream, thenEnded } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('idleTimeoutMs', () => {
  behaviour(
    'idle-timeout',
    'cuts a connection without bytes, and comes back with the id',
    async () => {
      const server = await rawServer()
      const client = new TestClient(server.url, { idleTimeoutMs: 1_000 })
      const step = client.next()
      const request = await server.next()
      request.stream('id: 7\ndata: a\n\n')
      await step
      client.ask()
      for (let n = 1; n <= 3; n++) {
        await settled()
        client.clock.advance(999)
        request.write(': alive\n\n')
        await client.seen('comment', n)
      }
      await settled()
      client.clock.advance(1_000)
      const { error } = await client.seen('retry')
      expect(error).toMatchObject({ code: 'ERR_SSE_TIMEOUT', message: 'No byte came for 1000 ms' })
      await request.gone
      expect((await server.next()).values('last-event-id')).toEqual(['7'])
    },
  )

  test('is 90 seconds unless told otherwise, and can be off', async () => {
    for (const [options, expected] of [
      [{}, [90_000]],
      [{ idleTimeoutMs: false as const }, []],
    ] as const) {
      const server = await rawServer()
      const client = new TestClient(server.url, options)
      client.ask()
      await server.next()
      expect(client.clock.waitsMs).toEqual(expected)
    }
  })

  test('counts an unanswered request', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { idleTimeoutMs: 1_000 })
    client.ask()
    const request = await server.next()
    client.clock.advance(1_000)
    expect((await client.seen('retry')).error).toMatchObject({ code: 'ERR_SSE_TIMEOUT' })
    await request.gone
    await server.next()
  })

  test('counts a `request` that does not come to an end', async () => {
    const client = new TestClient('http://127.0.0.1:1/', {
      request: () => new Promise(() => {}),
      reconnect: false,
      idleTimeoutMs: 1_000,
    })
    const step = client.next()
    step.catch(() => {})
    client.clock.advance(1_000)
    expect(await rejection(step)).toMatchObject({ code: 'ERR_SSE_TIMEOUT' })
  })

  test('is not disturbed by an answer that comes too late', async () => {
    const answers: ((response: Response) => void)[] = []
    const client = new TestClient('http://127.0.0.1/', {
      idleTimeoutMs: 1_000,
      fetch: () => new Promise<Response>((resolve) => answers.push(resolve)),
    })
    client.ask()
    await settled()
    client.clock.advance(1_000)
    await client.seen('attempt', 2)
    await settled()
    answers[0]?.(new Response(null, { status: 204 }))
    await settled()
    expect(client.clock.waitsMs).toEqual([1_000])
    expect(client.connection.state).toBe('connecting')
  })

  test('does not run while the consumer takes its time', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { idleTimeoutMs: 1_000, eventTimeoutMs: 1_000 })
    const step = client.next()
    ;(await server.next()).stream('data: a\n\n')
    await step
    expect(client.clock.waitsMs).toEqual([])
    client.clock.advance(1_000_000)
    expect(client.connection.state).toBe('open')
  })
})

describe('eventTimeoutMs', () => {
  test('cuts a connection that brings bytes, but no event', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { eventTimeoutMs: 1_000 })
    client.ask()
    const request = (await server.next()).stream()
    await client.seen('open')
    await settled()
    for (let n = 1; n <= 3; n++) {
      client.clock.advance(300)
      request.write(': alive\n\n')
      await client.seen('comment', n)
    }
    await settled()
    expect(client.clock.waitsMs).toEqual([100, 90_000])
    client.clock.advance(100)
    const { error } = await client.seen('retry')
    expect(error).toMatchObject({ code: 'ERR_SSE_TIMEOUT', message: 'No event came for 1000 ms' })
    await server.next()
  })

  test('starts over with each event', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { eventTimeoutMs: 1_000, idleTimeoutMs: false })
    const first = client.next()
    const request = (await server.next()).stream('data: a\n\n')
    await first
    const second = client.next()
    await settled()
    client.clock.advance(999)
    request.write('data: b\n\n')
    await second
    client.ask()
    await settled()
    expect(client.clock.waitsMs).toEqual([1_000])
  })
})

test.each([
  [{ idleTimeoutMs: 0 }, RangeError],
  [{ idleTimeoutMs: true }, TypeError],
  [{ idleTimeoutMs: null }, TypeError],
  [{ onEnd: null }, TypeError],
  [{ eventTimeoutMs: 2_147_483_648 }, RangeError],
  [{ onEnd: 'stop' }, TypeError],
  [{ clock: 5 }, TypeError],
  [{ random: 5 }, TypeError],
  [{ fetch: 'fetch' }, TypeError],
  [{ request: {} }, TypeError],
  [{ onStatus: 5 }, TypeError],
  [{ onActivity: 5 }, TypeError],
  [{ maxEventBytes: 0 }, RangeError],
  [5, TypeError],
])('refuses the options %o', (options, type) => {
  expect(() => connect('http://127.0.0.1/', options as never)).toThrow(type)
})

describe('an event', () => {
  behaviour('overflow-limit', 'that is too large is fatal, and not asked for again', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { maxEventBytes: 1_000 })
    const step = client.next()
    step.catch(() => {})
    const request = await server.next()
    request.stream('data: a\n\n')
    await step
    const next = client.next()
    next.catch(() => {})
    request.write(`data: ${'x'.repeat(2_000)}`)
    expect(await rejection(next)).toMatchObject({ code: 'ERR_SSE_TOO_LARGE' })
    await request.gone
    expect(server.requests.length).toBe(1)
    expect(client.all('retry')).toEqual([])
  })

  test('that breaks the contract is fatal, too', async () => {
    const server = await rawServer()
    const events = defineEvents({ price: z.object({ cents: z.number() }) })
    const connection = connect(server.url, { events })
    const serve = async () =>
      (await server.next()).stream('event: price\ndata: {"cents":5}\n\nevent: price\ndata: {}\n\n')
    const serving = serve()
    const { value } = await connection.next()
    const cents: number | undefined = value?.data.cents
    expect(cents).toBe(5)
    expect(await rejection(connection.next())).toMatchObject({ code: 'ERR_SSE_INVALID' })
    await (await serving).gone
    expect(server.requests.length).toBe(1)
  })

  test('is not read before it is asked for, nor is the next chunk', async () => {
    const source = new TestStream((index) => new TextEncoder().encode(`data: ${index}\n\n`))
    const connection = connect('http://127.0.0.1/', {
      fetch: async () =>
        new Response(source.stream, { headers: { 'content-type': 'text/event-stream' } }),
    })
    expect((await connection.next()).value?.data).toBe('0')
    await settled()
    expect(source.pulls).toBe(1)
    connection.close()
    await settled()
    expect(source.cancelled.length).toBe(1)
  })
})

// What whatwg/html#12272 proposes for an EventSource without a connection is what parseEvents does.
describe('events of a source without a connection', () => {
  const message = (data: string, id = '') => ({ event: 'message', data, id })

  behaviour('stream-source-end', 'end once, after those that are complete', async () => {
    const reader = parseEvents(new TestStream(thenEnded('data: a\n\ndata: half')).stream)
    expect((await reader.next()).value).toEqual(message('a'))
    expect((await reader.next()).done).toBe(true)
    expect((await reader.next()).done).toBe(true)
  })

  behaviour('stream-source-error', 'fail after those that are complete', async () => {
    const broken = new Error('reset')
    const { stream } = new TestStream(async (index) => {
      if (index === 0) return 'data: a\n\ndata: half'
      throw broken
    })
    const reader = parseEvents(stream)
    expect((await reader.next()).value).toEqual(message('a'))
    expect(await rejection(reader.next())).toBe(broken)
  })

  behaviour('stream-source-locked', 'are refused at once if it is locked', async () => {
    const { stream } = new TestStream(() => '')
    stream.getReader()
    expect(() => parseEvents(stream)).toThrow(TypeError)
  })

  behaviour(
    'stream-source-state',
    'tell id and reconnection time, which survive a change',
    async () => {
      const reader = parseEvents(generated('id: 1\nretry: 5\ndata: a\n\n'))
      expect([reader.lastEventId, reader.retryMs]).toEqual(['', undefined])
      await reader.next()
      expect([reader.lastEventId, reader.retryMs]).toEqual(['1', 5])

      // Only a connection has a source after the first.
      const server = await rawServer()
      const client = new TestClient(server.url)
      const step = client.next()
      ;(await server.next()).stream('id: 1\nretry: 5\ndata: a\n\n').end()
      await step
      client.ask()
      ;(await server.next()).stream()
      await client.seen('open', 2)
      expect([client.connection.lastEventId, client.connection.retryMs]).toEqual(['1', 5])
    },
  )
})
