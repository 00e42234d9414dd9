// The behaviours rec-*: coming back, and from where.

import { describe, expect, test } from 'vitest'
import { rejection } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'
import type { RawRequest } from './raw-server.js'

/**
 * Serves a client these streams, one after the other, each to be ended, and gives the request that follows them.
 *
 * The events are read as they come.
 */
async function serving(
  streams: (string | Buffer)[],
  end: (request: RawRequest) => void = (request) => request.end(),
  options: ConstructorParameters<typeof TestClient>[1] = {},
) {
  const server = await rawServer()
  const client = new TestClient(server.url, options)
  const events: unknown[] = []
  const read = async () => {
    for await (const event of client.connection) events.push(event)
  }
  const reading = read()
  reading.catch(() => {})
  for (const stream of streams) {
    const request = (await server.next()).stream()
    end(request.write(stream))
  }
  const request = await server.next()
  return { server, client, events, request, reading }
}

const message = (data: string, id = '') => ({ event: 'message', data, id })

describe('a connection that ends', () => {
  behaviour('rec-eof-200', 'in good order is made again after a wait', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    client.isImpatient = false
    client.ask()
    ;(await server.next()).stream('data: a\n\n').end()
    await client.seen('event')
    client.ask()
    const { delayMs, error } = await client.seen('retry')
    expect([delayMs, error, client.connection.state]).toEqual([500, undefined, 'waiting'])
    expect(client.clock.waitsMs).toEqual([500])
    client.clock.advance(499)
    expect(server.requests.length).toBe(1)
    client.clock.advance(1)
    await server.next()
    expect(client.connection.state).toBe('connecting')
  })

  behaviour('rec-network-error', 'by a reset is made again', async () => {
    const { client, events } = await serving(['data: a\n\n', 'data: b\n\n'], (request) =>
      request.cut(),
    )
    expect(events).toEqual([message('a'), message('b')])
    expect(client.all('retry')[0]?.error).toMatchObject({
      code: 'ERR_SSE_CONNECTION',
      message: 'The connection broke',
      cause: expect.any(TypeError),
    })
  })

  behaviour('rec-before-open', 'before it was open is made again', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    const step = client.next()
    ;(await server.next()).cut()
    ;(await server.next()).stream('data: a\n\n')
    expect((await step).value).toEqual(message('a'))
    expect(client.all('retry')[0]?.error).toMatchObject({
      code: 'ERR_SSE_CONNECTION',
      message: 'The request failed',
      cause: expect.any(TypeError),
    })
  })

  behaviour(
    'rec-new-connection-works',
    'is followed by one whose events and ids count',
    async () => {
      const { events, request, client } = await serving([
        'id: 1\ndata: a\n\n',
        'id: 2\ndata: b\n\n',
      ])
      expect(events).toEqual([message('a', '1'), message('b', '2')])
      expect(request.values('last-event-id')).toEqual(['2'])
      expect(client.connection.lastEventId).toBe('2')
    },
  )

  behaviour(
    'rec-parser-reset',
    'leaves no half line, half character or byte order mark',
    async () => {
      const bytes = (text: string) => Buffer.from(text, 'latin1')
      const { events } = await serving([
        bytes('\xef\xbb\xbfdata: a\n\nevent: half\ndata: x'),
        bytes('\xef\xbb\xbfdata: b\n\ndata: \xe2\x80'),
        bytes('\xa6data: c\n\n\xef\xbb\xbfdata: d\n\ndata: e\r'),
        bytes('\ndata: f\n\n'),
      ])
      expect(events).toEqual([message('a'), message('b'), message('f')])
    },
  )

  behaviour('rec-restart', 'on purpose goes on in a new one, from its id', async () => {
    const server = await rawServer()
    const first = new TestClient(server.url)
    const step = first.next()
    const request = await server.next()
    request.stream('id: 5\ndata: a\n\n')
    await step
    first.connection.close()
    await request.gone
    new TestClient(server.url, { lastEventId: first.connection.lastEventId }).ask()
    expect((await server.next()).values('last-event-id')).toEqual(['5'])
  })
})

describe("a server's retry", () => {
  const delays = async (streams: string[], options = {}) => {
    const { client } = await serving(streams, undefined, options)
    return client.all('retry').map(({ delayMs }) => delayMs)
  }

  behaviour('rec-retry-honoured', 'is what is waited for, and up to half more', async () => {
    expect(await delays(['retry: 3000\n\ndata: a\n\n'])).toEqual([3_000])
    expect(await delays(['retry: 3000\n\ndata: a\n\n'], { random: () => 0.999 })).toEqual([4_499])
  })

  behaviour('rec-retry-bogus-kept', 'stays when one comes that is none', async () => {
    expect(await delays(['retry: 3000\n\nretry: 1000x\n\ndata: a\n\n'])).toEqual([3_000])
  })

  behaviour('rec-retry-sticky', 'stays over connections', async () => {
    expect(await delays(['retry: 3000\n\ndata: a\n\n', 'data: b\n\n', 'data: c\n\n'])).toEqual([
      3_000, 3_000, 3_000,
    ])
  })

  behaviour('rec-retry-small', 'may be small, and then grows as any other', async () => {
    expect(await delays(['retry: 2\n\ndata: a\n\n', '', '', ''])).toEqual([2, 2, 4, 8])
    expect(await delays(['retry: 0\n\ndata: a\n\n', '', '', '', '', ''])).toEqual([
      1, 1, 2, 4, 8, 16,
    ])
  })

  behaviour('rec-retry-overflow', 'is clamped, not turned into a millisecond', async () => {
    expect(await delays(['retry: 99999999999\n\ndata: a\n\n'])).toEqual([30_000])
    const largest = { reconnect: { maxMs: 2_147_483_647 }, random: () => 0.999 }
    expect(await delays(['retry: 99999999999\n\ndata: a\n\n'], largest)).toEqual([2_147_483_647])
  })
})

describe('waits in a row', () => {
  behaviour('rec-backoff', 'grow to a ceiling, at random between half and all', async () => {
    for (const [random, expected] of [
      [0, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]],
      [0.5, [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]],
      [0.9999, [1_000, 2_000, 4_000, 8_000, 15_999, 29_999, 29_999]],
    ] as const) {
      const { client } = await serving(Array(7).fill(''), undefined, { random: () => random })
      expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual(expected)
    }
  })

  behaviour('rec-backoff-reset', 'begin anew after an event, never on open alone', async () => {
    const { client } = await serving(['', ': alive\n\n', 'id: 1\n\n', 'data: a\n\n', '', ''])
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual([
      500, 1_000, 2_000, 500, 1_000, 2_000,
    ])
  })

  test('begin anew after a connection that was open for as long as the longest wait', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxMs: 5_000 } })
    client.ask()
    for (const openMs of [0, 4_999, 5_000, 0]) {
      const opened = client.all('open').length + 1
      const request = (await server.next()).stream()
      await client.seen('open', opened)
      client.clock.advance(openMs)
      request.end()
    }
    await client.seen('retry', 4)
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual([500, 1_000, 500, 1_000])
  })

  test('begin anew after one that was open for as long without a byte, and then broke', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxMs: 5_000 } })
    client.ask()
    for (const [index, openMs] of [0, 4_999, 5_000].entries()) {
      const request = (await server.next()).stream()
      await client.seen('open', index + 1)
      client.clock.advance(openMs)
      request.cut()
      await client.seen('retry', index + 1)
    }
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual([500, 1_000, 500])
  })

  test('do not begin anew for one that was cut since nothing came', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxMs: 5_000 }, idleTimeoutMs: 9_000 })
    client.ask()
    for (const n of [1, 2]) {
      ;(await server.next()).stream()
      await client.seen('open', n)
      client.clock.advance(9_000)
      await client.seen('retry', n)
    }
    expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual([500, 1_000])
  })

  test("stay above a server's retry near the ceiling, and stay random", async () => {
    for (const [random, expected] of [
      [0, [20_000, 20_000, 20_000]],
      [0.9999, [29_999, 29_999, 29_999]],
    ] as const) {
      const options = { random: () => random }
      const { client } = await serving(['retry: 20000\n\ndata: a\n\n', '', ''], undefined, options)
      expect(client.all('retry').map(({ delayMs }) => delayMs)).toEqual(expected)
    }
  })
})

describe('Retry-After', () => {
  async function delayAfter(value: string, options = {}) {
    const server = await rawServer()
    const client = new TestClient(server.url, options)
    client.isImpatient = false
    client.ask()
    ;(await server.next()).answer(503, { 'retry-after': value }, '')
    return (await client.seen('retry')).delayMs
  }

  test('is honoured, in seconds and as a date', async () => {
    expect(await delayAfter('120')).toBe(120_000)
    expect(await delayAfter('120', { random: () => 0.5 })).toBe(150_000)
    // The clock of the test starts at this second.
    expect(await delayAfter('Tue, 14 Nov 2023 22:14:20 GMT')).toBe(60_000)
  })

  test('is not heeded where it asks for less than the wait, or for nothing', async () => {
    for (const value of ['0', 'soon', '', '-5', 'Tue, 14 Nov 2000 22:14:20 GMT']) {
      expect(await delayAfter(value)).toBe(500)
    }
  })

  test('never makes a timer fire at once', async () => {
    expect(await delayAfter('99999999999')).toBe(2_147_483_647)
  })
})

describe('reconnect: false', () => {
  test('makes a cut an error, and a failed request', async () => {
    for (const [answer, expected] of [
      [(request: RawRequest) => request.cut(), { code: 'ERR_SSE_CONNECTION' }],
      [(request: RawRequest) => request.stream().cut(), { code: 'ERR_SSE_CONNECTION' }],
      [
        (request: RawRequest) => request.answer(503, {}, ''),
        { code: 'ERR_SSE_RESPONSE', status: 503 },
      ],
    ] as const) {
      const server = await rawServer()
      const client = new TestClient(server.url, { reconnect: false })
      const step = client.next()
      step.catch(() => {})
      answer(await server.next())
      expect(await rejection(step)).toMatchObject(expected)
      expect(client.all('retry')).toEqual([])
    }
  })

  test.each([{ reconnect: false as const }, { onEnd: 'finish' as const }])(
    'and onEnd: %o ends the iteration at a clean end',
    async (options) => {
      const server = await rawServer()
      const client = new TestClient(server.url, options)
      const step = client.next()
      ;(await server.next()).stream('data: a\n\ndata: half').end()
      expect((await step).value).toEqual(message('a'))
      expect(await client.next()).toEqual({ done: true, value: undefined })
      expect(client.all('close')).toEqual([{ type: 'close', error: undefined }])
    },
  )

  test("leaves a cut to be mended with onEnd: 'finish' alone", async () => {
    const { events } = await serving(['data: a\n\n'], (request) => request.cut(), {
      onEnd: 'finish',
    })
    expect(events).toEqual([message('a')])
  })
})

describe("unterminated: 'dispatch'", () => {
  test('gives the last event of a response that ends in good order, and not of one that is cut', async () => {
    const options = { unterminated: 'dispatch' as const }
    const ended = await serving(['id: 1\ndata: a'], undefined, options)
    expect(ended.events).toEqual([message('a', '1')])
    expect(ended.request.values('last-event-id')).toEqual(['1'])
    const cut = await serving(['id: 1\ndata: a'], (request) => request.cut(), options)
    expect(cut.events).toEqual([])
    expect(cut.request.values('last-event-id')).toEqual([])
  })
})
