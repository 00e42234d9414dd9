import { createTestStream } from 'eventwire/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { countDown, type Launch } from './countdown.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('counts, and says when it is time', async () => {
  const { stream, events } = createTestStream<Launch>()
  countDown(stream, 3)
  vi.advanceTimersByTime(2_000)
  expect(events().map(({ data }) => data)).toEqual(['2', '1'])
  vi.advanceTimersByTime(1_000)
  expect(events().at(-1)).toEqual({ event: 'launch', data: '', id: '' })
  expect(await stream.closed).toEqual({ reason: 'ended' })
})

test('gives a client that was slow the newest number', () => {
  const { stream, events, stall, resume } = createTestStream<Launch>()
  stall()
  countDown(stream, 10)
  vi.advanceTimersByTime(6_000)
  expect(events()).toEqual([])
  resume()
  // The first lay in its socket already.
  expect(events().map(({ data }) => data)).toEqual(['9', '4'])
})

test('stops when its client leaves', async () => {
  const { stream, disconnect } = createTestStream<Launch>({ heartbeatMs: false })
  countDown(stream, 3)
  disconnect()
  expect(await stream.closed).toEqual({ reason: 'client' })
  expect(vi.getTimerCount()).toBe(0)
})
