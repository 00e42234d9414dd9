// Heartbeats, and the one clock behind all that rings.

import { stat } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SharedChunk } from '../src/chunk.js'
import { SseChannel, type SseStream } from '../src/index.js'
import type { FakeSink } from './fake-sink.js'
import { open } from './fake-stream.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('heartbeats', () => {
  test('go to a stream that was silent for 15 seconds, as a comment', async () => {
    const { sink, stream } = open()
    await wait(14_999)
    expect(sink.written).toEqual([])
    await wait(1)
    expect(sink.written).toEqual([': \n\n'])
    await wait(15_000)
    expect(sink.written).toHaveLength(2)
    stream.destroy()
  })

  test('are one chunk for all streams, where a sink can share what it makes of it', async () => {
    const chunks: SharedChunk[] = []
    const opened = [open(), open()]
    for (const { sink } of opened) {
      Object.assign(sink, {
        writeShared: (chunk: SharedChunk) => {
          chunks.push(chunk)
          return sink.write(chunk.encoded)
        },
      })
    }
    await wait(15_000)
    expect(opened.map(({ sink }) => sink.written)).toEqual([[': \n\n'], [': \n\n']])
    expect(chunks).toHaveLength(2)
    expect(chunks[0]).toBe(chunks[1])
    // Whoever reads a body may take the memory of what it gets.
    expect(chunks[0]?.encoded).not.toBe(chunks[0]?.encoded)
    for (const { stream } of opened) stream.destroy()
  })

  test.each<[string, (sink: FakeSink, stream: SseStream) => void]>([
    [
      'throws',
      () => {
        throw new Error('gone')
      },
    ],
    ['ends', (sink) => sink.leave()],
    ['destroys its stream', (_sink, stream) => stream.destroy()],
    ['ends its stream', (_sink, stream) => void stream.end()],
  ])('go no further to a sink that %s when it is given one', async (_what, act) => {
    const { sink, stream } = open({ heartbeatMs: 1_000 })
    const write = vi.fn(() => {
      act(sink, stream)
      return true
    })
    Object.assign(sink, { write })
    await wait(10_000)
    expect(stream.state).toBe('closed')
    expect(write).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('tell no id ahead of an event that was taken in the same run', async () => {
    const channel = new SseChannel()
    // Both are due at once, in this order.
    const leaving = open({ heartbeatMs: false, maxLifetimeMs: 1 })
    const { sink, stream } = open({ heartbeatMs: 1 })
    await channel.subscribe(stream, { topics: ['a'] })
    leaving.stream.signal.addEventListener('abort', () => {
      void channel.publish({ event: 'left', data: 'A' }, { topic: 'a' })
      void channel.publish({ event: 'left', data: 'B' }, { topic: 'b' })
    })
    await wait(1)
    expect(sink.text.indexOf('data: A')).toBeGreaterThan(-1)
    expect(sink.text.indexOf('data: A')).toBeLessThan(sink.text.lastIndexOf('id: '))
    stream.destroy()
  })

  test('do not go to a stream that has sent something meanwhile', async () => {
    const { sink, stream } = open({ heartbeatMs: 1_000 })
    for (let i = 0; i < 10; i++) {
      await wait(900)
      stream.send({ data: `${i}` })
    }
    await wait(999)
    expect(sink.text).not.toContain(':\n')
    expect(sink.written).toHaveLength(10)
    await wait(1)
    expect(sink.written.at(-1)).toBe(': \n\n')
    stream.destroy()
  })

  test('never pile up in a blocked stream, and go on once it reads again', async () => {
    const { sink, stream } = open({ heartbeatMs: 1_000, stallTimeoutMs: false })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await wait(100_000)
    expect(sink.written).toEqual(['data: x\n\n'])
    sink.drain()
    await wait(1_000)
    expect(sink.written).toEqual(['data: x\n\n', ': \n\n'])
    stream.destroy()
  })

  test('stop when the stream ends or its client leaves', async () => {
    const ending = open({ heartbeatMs: 1_000 })
    const leaving = open({ heartbeatMs: 1_000 })
    ending.sink.isSlow = true
    ending.stream.send({ data: 'x' })
    await wait(1)
    void ending.stream.end()
    leaving.sink.leave()
    await wait(10_000)
    expect(ending.sink.written).toEqual(['data: x\n\n'])
    expect(leaving.sink.written).toEqual([])
    ending.stream.destroy()
  })

  test('are never sent with heartbeatMs false', async () => {
    const { sink, stream } = open({ heartbeatMs: false })
    await wait(10_000_000)
    expect(sink.written).toEqual([])
    stream.destroy()
  })

  test('keep their own time on each of many streams', async () => {
    const opened: ReturnType<typeof open>[] = []
    for (let i = 0; i < 100; i++) {
      opened.push(open({ heartbeatMs: 1_000 + (i % 3) * 500 }))
      await wait(7)
    }
    await wait(60_000)
    for (const [i, { sink, stream }] of opened.entries()) {
      const periodMs = 1_000 + (i % 3) * 500
      expect(sink.written.length).toBe(Math.floor((60_000 + (100 - i) * 7) / periodMs))
      stream.destroy()
    }
  })
})

describe('the clock', () => {
  test('is one timer for all streams, and none when there is none', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const opened = Array.from({ length: 1_000 }, () => open())
    expect(vi.getTimerCount()).toBe(1)
    await wait(15_000)
    expect(vi.getTimerCount()).toBe(1)
    for (const { stream } of opened) stream.destroy()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not put forward by timers that are early', async () => {
    // A timer may be early by part of a millisecond, many times a second: here by one in a hundred.
    const now = performance.now.bind(performance)
    const startMs = now()
    vi.spyOn(performance, 'now').mockImplementation(() => startMs + (now() - startMs) * 0.99)
    const frequent = Array.from({ length: 20 }, (_, i) => open({ heartbeatMs: 90 + i }))
    const { sink, stream } = open({ heartbeatMs: 20_000 })
    await wait(19_000)
    expect(sink.written).toEqual([])
    await wait(1_500)
    expect(sink.written).toEqual([': \n\n'])
    // Time catches up.
    vi.restoreAllMocks()
    await wait(1_000)
    for (const each of [...frequent.map((one) => one.stream), stream]) each.destroy()
  })

  test('pays no heed to jumps of the wall clock', async () => {
    const { sink, stream } = open({ heartbeatMs: 1_000 })
    vi.setSystemTime(Date.now() + 86_400_000)
    await wait(999)
    expect(sink.written).toEqual([])
    vi.setSystemTime(Date.now() - 2 * 86_400_000)
    await wait(1)
    expect(sink.written).toEqual([': \n\n'])
    stream.destroy()
  })

  test('hears a drain that came while the event loop was blocked before it calls a client stalled', async () => {
    vi.useRealTimers()
    const { sink, stream } = open({ stallTimeoutMs: 20, heartbeatMs: false })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    // There is news from outside, but the loop is busy, and then sees to its timers first.
    stat('.', () => sink.drain())
    const until = performance.now() + 60
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(stream.state).toBe('open')
    stream.destroy()
  })

  test('rings by a mocked setTimeout alone, as of node:test', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { sink, stream } = open({ heartbeatMs: 1_000 })
    await wait(1_000)
    await wait(1_000)
    expect(sink.written).toEqual([': \n\n', ': \n\n'])
    stream.destroy()
  })
})
