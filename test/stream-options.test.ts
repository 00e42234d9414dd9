// What a stream refuses and takes when it is made.

import { describe, expect, test } from 'vitest'
import { SseStream, type SseStreamOptions } from '../src/index.js'
import { streamStats } from '../src/registry.js'
import { FakeSink, tick, turn } from './fake-sink.js'
import { open } from './fake-stream.js'

describe('new SseStream', () => {
  test('sends the reconnection time first', async () => {
    const { sink, stream } = open({ retryMs: 0 })
    stream.send({ data: 'x' })
    await tick()
    expect(sink.written).toEqual(['retry: 0\n\ndata: x\n\n'])
  })

  test('writes nothing by itself', async () => {
    const { sink } = open()
    await turn()
    expect(sink.written).toEqual([])
  })

  test.each<[string, unknown, unknown]>([
    [
      'heartbeatMs -1',
      { heartbeatMs: -1 },
      new RangeError(
        'Expected `heartbeatMs` to be an integer from 1 to 2147483647 or false, got -1',
      ),
    ],
    [
      'heartbeatMs 0, which would never rest',
      { heartbeatMs: 0 },
      new RangeError(
        'Expected `heartbeatMs` to be an integer from 1 to 2147483647 or false, got 0',
      ),
    ],
    [
      'heartbeatMs "5"',
      { heartbeatMs: '5' },
      new TypeError(
        'Expected `heartbeatMs` to be an integer from 1 to 2147483647 or false, got "5"',
      ),
    ],
    [
      'a heartbeat longer than a timer takes',
      { heartbeatMs: 2 ** 31 },
      new RangeError(
        'Expected `heartbeatMs` to be an integer from 1 to 2147483647 or false, got 2147483648',
      ),
    ],
    [
      'retryMs 1.5',
      { retryMs: 1.5 },
      new RangeError('Expected `retryMs` to be an integer from 0 to 9007199254740991, got 1.5'),
    ],
    [
      'retryMs null',
      { retryMs: null },
      new TypeError('Expected `retryMs` to be an integer from 0 to 9007199254740991, got null'),
    ],
    [
      'maxBufferedBytes 0',
      { maxBufferedBytes: 0 },
      new RangeError(
        'Expected `maxBufferedBytes` to be an integer from 1 to 9007199254740991, got 0',
      ),
    ],
    [
      'maxBufferedBytes Infinity',
      { maxBufferedBytes: Number.POSITIVE_INFINITY },
      new RangeError(
        'Expected `maxBufferedBytes` to be an integer from 1 to 9007199254740991, got Infinity',
      ),
    ],
    [
      'an unknown overflow policy',
      { overflow: 'drop' },
      new TypeError(
        'Expected `overflow` to be one of "close", "drop-oldest", "drop-newest", got "drop"',
      ),
    ],
    [
      'stallTimeoutMs true',
      { stallTimeoutMs: true },
      new TypeError(
        'Expected `stallTimeoutMs` to be an integer from 1 to 2147483647 or false, got true',
      ),
    ],
    [
      'maxLifetimeMs 0',
      { maxLifetimeMs: 0 },
      new RangeError('Expected `maxLifetimeMs` to be an integer from 1 to 2147483647, got 0'),
    ],
    [
      'a lastEventId that is no string',
      { lastEventId: 7 },
      new TypeError('Expected `lastEventId` to be a string, got 7'),
    ],
    [
      'a signal that is none',
      { signal: {} },
      new TypeError('Expected `signal` to be an AbortSignal, got an object with the keys []'),
    ],
    [
      'a serializer that is none',
      { serialize: 'json' },
      new TypeError('Expected `serialize` to be a function, got "json"'),
    ],
    ['options that are no object', 5, new TypeError('Expected the options to be an object, got 5')],
  ])('refuses %s', (_what, options, error) => {
    const before = streamStats()
    expect(() => new SseStream(new FakeSink(), options as SseStreamOptions)).toThrow(error as Error)
    expect(streamStats()).toEqual(before)
  })

  test.each([undefined, null, {}, 'sink', { write: () => true }])('refuses the sink %o', (sink) => {
    const before = streamStats()
    expect(() => new SseStream(sink as never)).toThrow(TypeError)
    expect(streamStats()).toEqual(before)
  })

  test.each([
    ['a control character', 'a\nb'],
    ['NUL', '\0'],
    ['DEL', '\x7f'],
    ['more than 1,024 bytes', '€'.repeat(342)],
  ])('keeps a placeholder for a last event id with %s', (_what, lastEventId) => {
    expect(open({ lastEventId }).stream.lastEventId).toBe('invalid-last-event-id')
  })

  test('keeps a last event id of 1,024 bytes as it came', () => {
    const lastEventId = `${'€'.repeat(341)}x`
    expect(open({ lastEventId }).stream.lastEventId).toBe(lastEventId)
  })
})
