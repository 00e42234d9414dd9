// createTestStream: what its client receives, how it reads, stalls and leaves, and what its options do.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import {
  closeAllStreams,
  type DiagnosticsMessages,
  defineEvents,
  SseChannel,
  type SseStream,
  text,
} from '../../src/index.js'
import { createTestStream } from '../../src/testing.js'
import { turn } from '../fake-sink.js'
import { readWire } from '../wire.js'

describe('createTestStream', () => {
  test('gives what was sent, at once', () => {
    const { stream, events, text } = createTestStream()
    expect(events()).toEqual([])
    expect(stream.send({ event: 'price', data: { cents: 5 }, id: 1 })).toBe(true)
    expect(events()).toEqual([{ event: 'price', data: '{"cents":5}', id: '1' }])
    stream.send({ data: 'two\nlines' })
    stream.comment('hello')
    expect(events().slice(1)).toEqual([{ event: 'message', data: 'two\nlines', id: '1' }])
    expect(text()).toBe(
      'event: price\nid: 1\ndata: {"cents":5}\n\ndata: two\ndata: lines\n\n: hello\n\n',
    )
  })

  test('gives the bytes as they arrive: half a surrogate pair as U+FFFD, and no byte order mark lost', () => {
    const { stream, events, text } = createTestStream()
    stream.send({ data: '\uFEFFa\uD800b' })
    expect(text()).toBe('data: \uFEFFa\uFFFDb\n\n')
    expect(events()).toEqual([{ event: 'message', data: '\uFEFFa\uFFFDb', id: '' }])
  })

  test('gives events of many pieces whole, and sees them as another parser does', () => {
    const { stream, events, text } = createTestStream()
    const data = '\u{1F4A7}'.repeat(200_000)
    stream.send({ event: 'big', data, id: 'a' })
    expect(events()).toEqual([{ event: 'big', data, id: 'a' }])
    expect(readWire(text())).toEqual(events())
  })

  test('gives data as the contract makes it, and events that are not in it as text', async () => {
    const contract = defineEvents({
      at: z.iso.datetime().transform((iso) => new Date(iso)),
      token: text(),
      done: null,
    })
    const channel = new SseChannel({ events: contract })
    const client = createTestStream({ events: contract, lastEventId: 'unknown' })
    await channel.subscribe(client.stream)
    client.stream.send({ event: 'at', data: '2020-01-01T00:00:00Z' })
    client.stream.send({ event: 'token', data: 'a' })
    await client.stream.end({ event: 'done' })
    const [gap, at, token, done] = client.events()
    expect(gap).toMatchObject({ event: 'gap', data: '{"lastEventId":"unknown"}' })
    expect(at?.data).toEqual(new Date('2020-01-01T00:00:00Z'))
    expect([token?.data, done?.data]).toEqual(['a', undefined])
  })

  test('throws where data is not what the contract says', () => {
    const { stream, events } = createTestStream({
      events: defineEvents({ price: z.object({ cents: z.number() }) }),
    })
    stream.send({ event: 'price', data: { cents: Number.NaN } })
    expect(events).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID', event: 'price' }))
  })

  test('throws where a validator takes its time, and leaves no rejection behind', async () => {
    const { stream, events } = createTestStream({
      events: defineEvents({ a: z.string().refine(async (value) => value !== 'b') }),
    })
    stream.send({ event: 'a', data: 'b' })
    expect(events).toThrow(
      new TypeError(
        'Expected each validator of the contract to be one that answers at once, got an instance of Promise',
      ),
    )
    await turn()
  })

  test.each([
    [{ heartbeatMs: 0 }, RangeError, /Expected `heartbeatMs` to be an integer from 1/],
    [5, TypeError, /Expected the options to be an object, got 5/],
    [null, TypeError, /Expected the options to be an object, got null/],
    [{ events: {} }, TypeError, /Expected `events` to be a contract/],
  ])('refuses %j', (options, type, message) => {
    expect(() => createTestStream(options as never)).toThrow(type)
    expect(() => createTestStream(options as never)).toThrow(message)
  })

  test('gives what a channel publishes, and resumes from the last event', async () => {
    const channel = new SseChannel()
    const first = createTestStream()
    await channel.subscribe(first.stream)
    await channel.publish({ data: 'one' })
    first.disconnect()
    await channel.publish({ data: 'missed' })
    const [{ id } = { id: '' }] = first.events()
    const second = createTestStream({ lastEventId: id })
    expect(await channel.subscribe(second.stream)).toMatchObject({ resume: 'resumed', replayed: 1 })
    await channel.publish({ data: 'live' })
    expect(second.events().map(({ data }) => data)).toEqual(['missed', 'live'])
  })
})

describe('a watcher of streams that open', () => {
  const NAME = 'eventwire:stream:open'

  /** Opens a test stream while somebody watches, and gives what was thrown at that. */
  function openWatched(act: (stream: SseStream) => unknown) {
    const thrown: unknown[] = []
    const watcher = (message: unknown) => {
      try {
        act((message as DiagnosticsMessages[typeof NAME]).stream)
      } catch (error) {
        thrown.push(error)
      }
    }
    subscribe(NAME, watcher)
    const client = createTestStream({ retryMs: 5 })
    unsubscribe(NAME, watcher)
    return { ...client, thrown }
  }

  // It was a TypeError about a receiver, raised as an uncaught exception.
  test('may send: it is received with what the stream sends first', async () => {
    const { events, text, thrown } = openWatched((stream) => {
      stream.send({ data: 'early' })
      stream.comment('hello')
    })
    expect(thrown).toEqual([])
    expect(text()).toBe('data: early\n\n: hello\n\nretry: 5\n\n')
    expect(events()).toHaveLength(1)
  })

  // `closed` never settled.
  test('may end the stream', async () => {
    const { stream, thrown } = openWatched((stream) => stream.end())
    expect(thrown).toEqual([])
    expect(stream.state).toBe('closed')
    expect(await stream.closed).toEqual({ reason: 'ended' })
  })

  test('may cut the stream', async () => {
    const error = new Error('not now')
    const { stream } = openWatched((stream) => stream.destroy(error))
    expect(await stream.closed).toEqual({ reason: 'error', error })
  })
})

describe('a client of a test stream', () => {
  test('that stalls has what was sent before, and gets the rest when it reads on', async () => {
    const { stream, events, stall, resume } = createTestStream()
    const data = () => events().map((event) => event.data)
    stream.send({ data: 'before' })
    stall()
    stream.send({ data: 'in the socket' })
    await turn()
    expect(stream.send({ data: 'waiting' })).toBe(false)
    expect(data()).toEqual(['before'])
    expect(stream.bufferedBytes).toBe('data: in the socket\n\ndata: waiting\n\n'.length)
    resume()
    expect(data()).toEqual(['before', 'in the socket', 'waiting'])
    expect(stream.bufferedBytes).toBe(0)
    await stream.drained()
    resume()
    expect(data()).toHaveLength(3)
  })

  // Half of it came a turn later: so much had been written in this one that it was the turn of others.
  test('that reads on has all of it at once, however much that is', () => {
    const { stream, events, stall, resume } = createTestStream()
    stream.send({ data: 'x'.repeat(1_000_000) })
    for (let i = 0; i < 2; i++) {
      stall()
      for (let j = 0; j < 40; j++) stream.send({ data: 'x'.repeat(50_000) })
      resume()
    }
    expect(events()).toHaveLength(81)
    expect(stream.bufferedBytes).toBe(0)
  })

  test('that stalls is cut at the bound, and has not got what waited', async () => {
    const { stream, events, stall, resume } = createTestStream({ maxBufferedBytes: 1_000 })
    stall()
    stream.send({ data: 'first' })
    await turn()
    for (let i = 0; i < 200; i++) stream.send({ data: `event ${i}` })
    expect(await stream.closed).toEqual({ reason: 'overflow' })
    resume()
    expect(events()).toEqual([])
  })

  test('that stalls loses the oldest events under drop-oldest', async () => {
    const { stream, events, stall, resume } = createTestStream({
      maxBufferedBytes: 100,
      overflow: 'drop-oldest',
    })
    stall()
    stream.send({ data: 'first' })
    await turn()
    for (let i = 0; i < 50; i++) stream.send({ data: `${i}` })
    resume()
    const data = events().map((event) => event.data)
    expect(data[0]).toBe('first')
    expect(data.at(-1)).toBe('49')
    expect(data.length).toBeLessThan(15)
  })

  test('that stalls keeps an ending stream open until it reads on', async () => {
    const { stream, events, stall, resume } = createTestStream()
    stall()
    const ended = stream.end({ data: 'bye' })
    expect(stream.state).toBe('ending')
    resume()
    expect(stream.state).toBe('closed')
    expect(await ended).toEqual({ reason: 'ended' })
    expect(events().map(({ data }) => data)).toEqual(['bye'])
  })

  test('that leaves closes the stream with the reason client, after what was sent', async () => {
    const { stream, events, disconnect } = createTestStream()
    stream.send({ data: 'seen' })
    disconnect()
    expect(stream.state).toBe('closed')
    expect(stream.signal.aborted).toBe(true)
    expect(await stream.closed).toEqual({ reason: 'client' })
    expect(stream.send({ data: 'unseen' })).toBe(false)
    expect(events().map(({ data }) => data)).toEqual(['seen'])
    disconnect()
  })

  test('that leaves once the server has cut it changes nothing', async () => {
    const { stream, disconnect } = createTestStream()
    stream.destroy(new Error('down'))
    disconnect()
    expect(await stream.closed).toMatchObject({ reason: 'error' })
  })

  test('is read for: a source waits while it stalls, and is put away when it leaves', async () => {
    const { stream, stall, disconnect } = createTestStream()
    const seen: string[] = []
    async function* source() {
      try {
        for (let i = 0; ; i++) {
          seen.push(`${i}`)
          yield `${i}`
        }
      } finally {
        seen.push('put away')
      }
    }
    stall()
    const sending = stream.sendAll(source())
    await turn()
    const count = seen.length
    await turn()
    expect(seen).toHaveLength(count)
    disconnect()
    await sending
    expect(seen.at(-1)).toBe('put away')
  })
})

describe('a test stream under fake timers', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('has its heartbeats when time is moved on', () => {
    const { text } = createTestStream({ heartbeatMs: 10_000 })
    vi.advanceTimersByTime(30_000)
    expect(text()).toBe(': \n\n'.repeat(3))
  })

  test('leaves no timer once its client has left, and the turn is over', async () => {
    await closeAllStreams({ withinMs: 0 })
    const { stream, disconnect } = createTestStream()
    stream.send({ data: 'a' })
    disconnect()
    vi.advanceTimersByTime(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('has its heartbeats where it is silent, and only there', () => {
    const { stream, text } = createTestStream({ heartbeatMs: 10_000, retryMs: 5 })
    vi.advanceTimersByTime(6_000)
    stream.send({ data: 'a' })
    vi.advanceTimersByTime(9_999)
    expect(text()).toBe('retry: 5\n\ndata: a\n\n')
    vi.advanceTimersByTime(1)
    expect(text()).toBe('retry: 5\n\ndata: a\n\n: \n\n')
  })

  test('is stalled after stallTimeoutMs', async () => {
    const { stream, stall } = createTestStream({ stallTimeoutMs: 60_000 })
    stall()
    stream.send({ data: 'lying' })
    vi.advanceTimersByTime(59_000)
    expect(stream.state).toBe('open')
    vi.advanceTimersByTime(1_000)
    expect(await stream.closed).toEqual({ reason: 'stalled' })
  })

  // They waited for a turn of the event loop, which comes when the test moves time on: it hung.
  test('takes in one go what others take in turns', async () => {
    const channel = new SseChannel({ history: { maxEvents: 100, maxBytes: 10_000_000 } })
    const id = await channel.publish({ data: 'first' })
    const data = 'x'.repeat(50_000)
    for (let i = 0; i < 60; i++) await channel.publish({ data })
    const { stream, events, stall, resume } = createTestStream({ lastEventId: id })
    await channel.subscribe(stream)
    expect(events()).toHaveLength(60)
    await stream.sendAll(Array(60).fill(data))
    expect(events()).toHaveLength(120)
    stall()
    const sending = stream.sendAll(Array(60).fill(data))
    resume()
    await sending
    expect(events()).toHaveLength(180)
  })

  test('ends within its lifetime', async () => {
    const { stream } = createTestStream({ maxLifetimeMs: 1_000, heartbeatMs: false })
    vi.advanceTimersByTime(799)
    expect(stream.state).toBe('open')
    vi.advanceTimersByTime(201)
    expect(await stream.closed).toEqual({ reason: 'lifetime' })
  })
})
