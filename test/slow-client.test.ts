// What a stream does for a client that reads too slowly, or not at all.

import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SseStream, type SseStreamOptions, streamStats } from '../src/index.js'
import { FakeSink, turn } from './fake-sink.js'
import { readWire } from './wire.js'

async function openBlocked(options?: SseStreamOptions) {
  const sink = new FakeSink()
  const stream = new SseStream(sink, options)
  sink.isSlow = true
  stream.send({ data: 'first' })
  await turn()
  return { sink, stream }
}

const dataOf = (sink: FakeSink) => readWire(sink.text).map(({ data }) => data)

describe('a client that does not read', () => {
  test('is cut when more than maxBufferedBytes waits for it', async () => {
    const { sink, stream } = await openBlocked({ maxBufferedBytes: 1_000 })
    let sent = 0
    while (stream.state === 'open' && sent < 1_000) {
      expect(stream.bufferedBytes).toBeLessThanOrEqual(1_000)
      stream.send({ data: `${sent++}` })
    }
    expect(await stream.closed).toEqual({ reason: 'overflow' })
    expect(sent).toBeGreaterThan(80)
    expect(sink.isDestroyed).toBe(true)
    expect(stream.bufferedBytes).toBe(0)
  })

  test('loses the oldest events under drop-oldest, and they are counted', async () => {
    const { sink, stream } = await openBlocked({ maxBufferedBytes: 63, overflow: 'drop-oldest' })
    const before = streamStats().dropped
    for (const data of ['1', '2', '3', '4', '5', '6', '7']) stream.send({ data })
    expect(streamStats().dropped - before).toBe(2)
    expect(stream.state).toBe('open')
    sink.drain()
    expect(dataOf(sink)).toEqual(['first', '3', '4', '5', '6', '7'])
  })

  test('does not get the newest events under drop-newest, and they are counted', async () => {
    const { sink, stream } = await openBlocked({ maxBufferedBytes: 63, overflow: 'drop-newest' })
    const before = streamStats().dropped
    for (const data of ['1', '2', '3', '4', '5', '6', '7']) stream.send({ data })
    expect(streamStats().dropped - before).toBe(2)
    sink.drain()
    expect(dataOf(sink)).toEqual(['first', '1', '2', '3', '4', '5'])
  })

  // Who sends comments saw more dropped than was sent: `eventsSent` has no comments.
  test('loses comments like events, and they are counted, too', async () => {
    const { sink, stream } = await openBlocked({ maxBufferedBytes: 63, overflow: 'drop-newest' })
    const before = streamStats()
    for (const data of ['1', '2', '3', '4', '5']) stream.send({ data })
    stream.comment('a comment')
    const after = streamStats()
    expect([after.eventsSent - before.eventsSent, after.dropped - before.dropped]).toEqual([5, 1])
    sink.drain()
    expect(sink.text).not.toContain('a comment')
  })

  test('gets only the newest event of each conflation key, in the place of the first', async () => {
    const { sink, stream } = await openBlocked()
    stream.send({ data: 'a1' }, { conflate: 'a' })
    stream.send({ data: 'b1' }, { conflate: 'b' })
    stream.send({ data: 'plain' })
    stream.send({ data: 'a2' }, { conflate: 'a' })
    sink.drain()
    expect(dataOf(sink)).toEqual(['first', 'a2', 'b1', 'plain'])
  })

  test('gets every event while it keeps up, whatever the conflation keys', async () => {
    const sink = new FakeSink()
    const stream = new SseStream(sink)
    stream.send({ data: '1' }, { conflate: 'a' })
    stream.send({ data: '2' }, { conflate: 'a' })
    await turn()
    expect(dataOf(sink)).toEqual(['1', '2'])
  })

  // One that took a piece in each turn was never slow, and whatever was sent piled up.
  test.each(['close', 'drop-oldest', 'drop-newest'] as const)(
    'is held to the bound though it takes a piece in each turn, under %s',
    async (overflow) => {
      const { sink, stream } = await openBlocked({ maxBufferedBytes: 100_000, overflow })
      for (let round = 0; round < 20; round++) {
        sink.take()
        for (let i = 0; i < 5; i++) stream.send({ data: 'x'.repeat(40_000) })
        expect(stream.bufferedBytes).toBeLessThan(500_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(stream.state).toBe(overflow === 'close' ? 'closed' : 'open')
      stream.destroy()
    },
  )

  test('bounds what waits on a PassThrough that nothing reads', async () => {
    // Newer versions of Node.js hold more by default.
    const writable = new PassThrough({ highWaterMark: 16_384 })
    const stream = new SseStream(writable, { maxBufferedBytes: 100_000, overflow: 'drop-oldest' })
    for (let i = 0; i < 1_000; i++) {
      stream.send({ data: `${i}`.padEnd(1_000) })
      if (i % 10 === 0) await turn()
      expect(stream.bufferedBytes).toBeLessThanOrEqual(110_000)
    }
    void stream.end()
    const events = readWire(await text(writable))
    const numbers = events.map(({ data }) => Number(data))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(numbers.at(-1)).toBe(999)
    expect(numbers.length).toBeLessThan(200)
  })
})

describe('a client that reads', () => {
  test('gets one tick of many times the bound, whole', async () => {
    const writable = new PassThrough()
    const received = text(writable)
    const stream = new SseStream(writable, { maxBufferedBytes: 10_000 })
    for (let i = 0; i < 3_000; i++) stream.send({ data: `${i}`.padEnd(100) })
    await stream.drained()
    expect(await stream.end({ data: 'bye' })).toEqual({ reason: 'ended' })
    expect(readWire(await received)).toHaveLength(3_001)
  })

  test('gets what microtasks of one turn send, however much it is', async () => {
    const writable = new PassThrough()
    const received = text(writable)
    const stream = new SseStream(writable, { maxBufferedBytes: 10_000 })
    for (let i = 0; i < 30; i++) {
      stream.send({ data: `${i}`.padEnd(10_000) })
      await Promise.resolve()
    }
    await stream.end()
    expect(readWire(await received)).toHaveLength(30)
  })

  test('gets two ticks of one turn, though others are slow already', async () => {
    // A slow stream has turns counted; then two ticks fall into the last phase of one turn, before and
    // after the count.
    const other = new FakeSink()
    const slow = new SseStream(other, { heartbeatMs: false })
    const writable = new PassThrough()
    const received = text(writable)
    const stream = new SseStream(writable, { maxBufferedBytes: 10_000 })
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        setImmediate(() => stream.send({ data: 'x'.repeat(100_000) }))
        other.isSlow = true
        slow.send({ data: 'x' })
        queueMicrotask(() =>
          setImmediate(() => {
            for (let i = 0; i < 10; i++) stream.send({ data: 'y'.repeat(9_000) })
            resolve()
          }),
        )
      }, 0)
    })
    expect(stream.state).toBe('open')
    expect(await stream.end()).toEqual({ reason: 'ended' })
    expect(readWire(await received)).toHaveLength(11)
    slow.destroy()
  })

  test('gets one event larger than the bound also while an earlier one is on its way', async () => {
    const { sink, stream } = await openBlocked({ maxBufferedBytes: 1_000 })
    stream.send({ data: 'x'.repeat(5_000) })
    stream.send({ data: 'after' })
    expect(stream.state).toBe('open')
    sink.drain()
    expect(dataOf(sink)).toEqual(['first', 'x'.repeat(5_000), 'after'])
  })
})

describe('a source that never runs dry', () => {
  function* endless() {
    for (;;) yield 'x'.repeat(100)
  }

  test.each<[string, (stream: SseStream) => unknown]>([
    ['an iterable', (stream) => stream.sendAll(endless())],
    [
      'an async generator',
      (stream) =>
        stream.sendAll(
          (async function* () {
            yield* endless()
          })(),
        ),
    ],
    [
      'a loop that waits for drained',
      async (stream) => {
        for (const data of endless()) {
          if (!stream.send({ data })) await stream.drained()
          if (stream.state !== 'open') return
        }
      },
    ],
  ])('leaves turns of the event loop to others: %s', async (_what, feed) => {
    const sink = new FakeSink()
    const stream = new SseStream(sink)
    const feeding = feed(stream)
    // This would not come back.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(sink.written.length).toBeGreaterThan(5)
    stream.destroy()
    await feeding
  })
})

describe('the bound', () => {
  test('holds after fake timers of another test took the count of turns with them', async () => {
    vi.useFakeTimers()
    const { stream: earlier } = { stream: new SseStream(new PassThrough(), { heartbeatMs: false }) }
    earlier.send({ data: 'x'.repeat(100_000) })
    await Promise.resolve()
    vi.useRealTimers()
    earlier.destroy()
    const { stream } = await openBlocked({ maxBufferedBytes: 1_000 })
    for (let i = 0; i < 1_000; i++) stream.send({ data: `${i}` })
    expect(await stream.closed).toEqual({ reason: 'overflow' })
  })
})

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function open(options?: SseStreamOptions) {
    const sink = new FakeSink()
    const stream = new SseStream(sink, { heartbeatMs: false, ...options })
    return { sink, stream }
  }

  test('cuts a client that takes no byte for stallTimeoutMs while some wait', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: 'x' })
    await vi.advanceTimersByTimeAsync(59_999)
    expect(stream.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1)
    expect(await stream.closed).toEqual({ reason: 'stalled' })
    expect(sink.isDestroyed).toBe(true)
  })

  test('starts to count anew each time the client takes some', async () => {
    const { sink, stream } = open({ stallTimeoutMs: 1_000 })
    sink.isSlow = true
    stream.send({ data: 'x'.repeat(1_000_000) })
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(900)
      sink.take()
    }
    expect(stream.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await stream.closed).toEqual({ reason: 'stalled' })
  })

  test('does not count while nothing waits', async () => {
    const { sink, stream } = open({ stallTimeoutMs: 1_000 })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await vi.advanceTimersByTimeAsync(900)
    sink.drain()
    await vi.advanceTimersByTimeAsync(100_000)
    expect(stream.state).toBe('open')
  })

  test('never cuts for a stall with stallTimeoutMs false', async () => {
    const { sink, stream } = open({ stallTimeoutMs: false })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await vi.advanceTimersByTimeAsync(100_000_000)
    expect(stream.state).toBe('open')
  })

  test('cuts after 5 s a client that takes nothing of a tick larger than the bound', async () => {
    const { sink, stream } = open({ maxBufferedBytes: 100_000 })
    sink.isSlow = true
    stream.send({ data: 'x'.repeat(500_000) })
    await vi.advanceTimersByTimeAsync(4_999)
    expect(stream.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1)
    expect(await stream.closed).toEqual({ reason: 'overflow' })
  })

  test('does not cut for its size a client that takes such a tick slowly', async () => {
    const { sink, stream } = open({ maxBufferedBytes: 100_000 })
    sink.isSlow = true
    stream.send({ data: 'x'.repeat(500_000) })
    while (stream.bufferedBytes > 0) {
      await vi.advanceTimersByTimeAsync(4_900)
      sink.take()
    }
    expect(stream.state).toBe('open')
    expect(readWire(sink.text)).toHaveLength(1)
  })

  test('cuts a client that does not take the rest of an ended stream', async () => {
    const { sink, stream } = open({ stallTimeoutMs: 2_000 })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await vi.advanceTimersByTimeAsync(1)
    const ended = stream.end()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await ended).toEqual({ reason: 'stalled' })
  })

  test('ends a stream at random between 80 and 100 % of maxLifetimeMs', async () => {
    const lifetimes: number[] = []
    const opened = Array.from({ length: 200 }, () => open({ maxLifetimeMs: 10_000 }))
    for (const { stream } of opened) {
      void stream.closed.then(({ reason }) => {
        expect(reason).toBe('lifetime')
        lifetimes.push(performance.now() - start)
      })
    }
    const start = performance.now()
    await vi.advanceTimersByTimeAsync(7_999)
    expect(lifetimes).toEqual([])
    await vi.advanceTimersByTimeAsync(2_001)
    expect(lifetimes).toHaveLength(200)
    expect(new Set(lifetimes.map((ms) => Math.round(ms / 100))).size).toBeGreaterThan(10)
  })
})

describe('a sink that has its stream used from within its write', () => {
  test('gets no event in the middle of another', async () => {
    const sink = new FakeSink()
    const stream = new SseStream(sink)
    let isFirst = true
    const { write } = sink
    sink.write = (chunk) => {
      if (isFirst) {
        isFirst = false
        stream.send({ data: 'from within' })
        // Too late to leave with the chunk, and the sink has enough from now on.
        sink.isSlow = true
      }
      return write.call(sink, chunk)
    }
    stream.send({ data: 'x'.repeat(300_000) })
    await turn()
    sink.drain()
    await turn()
    expect(readWire(sink.text).map(({ data }) => data)).toEqual([
      'x'.repeat(300_000),
      'from within',
    ])
  })

  test('is ended from there after what was sent', async () => {
    const sink = new FakeSink()
    const stream = new SseStream(sink)
    const { write } = sink
    sink.write = (chunk) => {
      void stream.end({ data: 'farewell' })
      return write.call(sink, chunk)
    }
    stream.send({ data: 'x'.repeat(300_000) })
    expect(await stream.closed).toEqual({ reason: 'ended' })
    expect(readWire(sink.text).map(({ data }) => data)).toEqual(['x'.repeat(300_000), 'farewell'])
  })
})
