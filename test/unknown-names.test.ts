// Options and fields that there are none of: mistyped, they would be without effect, and TypeScript does not see all of them.

import { describe, expect, test } from 'vitest'
import { connect } from '../src/client.js'
import {
  closeAllStreams,
  defineEvents,
  encodeEvent,
  SseChannel,
  type SseEvent,
  SseStream,
  streamStats,
} from '../src/index.js'
import { parseEvents, SseParserStream } from '../src/parser.js'
import { RedisLog } from '../src/redis/redis-log.js'
import { createTestStream } from '../src/testing.js'
import { FakeSink } from './fake-sink.js'

const schema = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
}

const channel = new SseChannel()
const URL = 'http://127.0.0.1:1/'

describe('an option that there is none of', () => {
  test.each<[string, (unknown: never) => unknown]>([
    ['new SseStream', (options) => new SseStream(new FakeSink(), options)],
    ['SseStream#send', (options) => createTestStream().stream.send({ data: 1 }, options)],
    ['createTestStream', (options) => createTestStream(options)],
    ['new SseChannel', (options) => new SseChannel(options)],
    ['new RedisLog', (options) => new RedisLog({} as never, options)],
    ['parseEvents', (options) => parseEvents(new Response().body as never, options)],
    ['new SseParserStream', (options) => new SseParserStream(options)],
    ['connect', (options) => connect(URL, options)],
  ])('is refused by %s', (_name, call) => {
    const before = streamStats().opened
    expect(() => call({ typo: undefined } as never)).toThrow(
      /^Expected each key of the options to be one of "\w+",? .*got "typo"$/,
    )
    expect(streamStats().opened - before).toBeLessThanOrEqual(1)
  })

  test.each<[string, (unknown: never) => Promise<unknown>]>([
    ['SseChannel#publish', (options) => channel.publish({ data: 1 }, options)],
    ['SseChannel#subscribe', (options) => channel.subscribe(createTestStream().stream, options)],
    ['closeAllStreams', (options) => closeAllStreams(options)],
  ])('makes %s reject', async (_name, call) => {
    await expect(call({ typo: 1 } as never)).rejects.toThrow(
      /^Expected each key of the options to be one of "\w+", .*got "typo"$/,
    )
  })

  test('is named, and so are those that there are', () => {
    expect(() => new SseStream(new FakeSink(), { heartbeat: 5_000 } as never)).toThrow(
      new TypeError(
        'Expected each key of the options to be one of "events", "validate", "heartbeatMs", "retryMs", "lastEventId", ' +
          '"maxBufferedBytes", "overflow", "stallTimeoutMs", "maxLifetimeMs", "signal", "serialize", got "heartbeat"',
      ),
    )
  })

  test('is no null in the place of the options of send', () => {
    expect(() => createTestStream().stream.send({ data: 1 }, null as never)).toThrow(
      new TypeError('Expected the options to be an object, got null'),
    )
  })

  test.each(['heartbeatMs', 'maxBufferedBytes', 'overflow', 'stallTimeoutMs', 'lastEventId'])(
    'is not what %s is with null, which is no default',
    (name) => {
      expect(() => createTestStream({ [name]: null })).toThrow(/^Expected `\w+` to be .*got null$/)
    },
  )

  test('is found inside history and reconnect', () => {
    expect(() => new SseChannel({ history: { maxAge: 5 } } as never)).toThrow(
      'Expected each key of `history` to be one of "maxEvents", "maxBytes", "maxAgeMs", got "maxAge"',
    )
    expect(() => connect(URL, { reconnect: { base: 5 } } as never)).toThrow(
      'Expected each key of `reconnect` to be one of "baseMs", "maxMs", "maxAttempts", "maxTotalMs", got "base"',
    )
  })

  test('is none that someone has put on the prototype of all objects', () => {
    const everyone = Object.prototype as { typo?: number }
    everyone.typo = 1
    try {
      expect(createTestStream().stream.send({ data: 1 }, {})).toBe(true)
    } finally {
      delete everyone.typo
    }
  })
})

describe('validate', () => {
  const message = 'Expected `validate` to be absent without `events`, got true'

  test('is refused without a contract', () => {
    expect(() => createTestStream({ validate: true })).toThrow(new TypeError(message))
    expect(() => new SseChannel({ validate: true })).toThrow(new TypeError(message))
  })

  test('may be false without one', () => {
    expect(createTestStream({ validate: false }).stream.state).toBe('open')
    expect(new SseChannel({ validate: false }).size).toBe(0)
  })
})

describe('a field that an event has none of', () => {
  const refusal = (got: string) =>
    new TypeError(
      'Expected each key of the event to be one of "event", "data", "id", "retry", "comment", ' +
        `got "${got}"`,
    )
  const events = defineEvents({ price: schema, message: schema })

  test.each<[string, string, object]>([
    ['in the place of the name', 'type', { type: 'price', data: 1 }],
    ['in the place of the data', 'payload', { event: 'price', payload: 1 }],
    ['in the place of both, beside an id', 'choices', { id: 'chatcmpl-1', choices: [] }],
  ])('is refused %s, and nothing is written', async (_place, got, event) => {
    expect(() => encodeEvent(event)).toThrow(refusal(got))
    for (const options of [{}, { events }]) {
      const { stream, text } = createTestStream(options)
      expect(() => stream.send(event as never)).toThrow()
      await expect(stream.sendAll([event as never])).rejects.toThrow()
      await expect(stream.end(event as never)).rejects.toThrow()
      await expect(new SseChannel(options).publish(event as never)).rejects.toThrow()
      expect([stream.state, text()]).toEqual(['open', ''])
    }
  })

  test('is refused under a contract, too', async () => {
    const event = { event: 'price', payload: 1 } as never
    expect(() => createTestStream({ events }).stream.send(event)).toThrow(refusal('payload'))
    await expect(new SseChannel({ events }).publish(event)).rejects.toThrow(refusal('payload'))
  })

  test('does no harm where there are a name and data: a row of a table has more', () => {
    const row = { event: 'price', data: 1, id: 7, made_at: '2026-01-01' }
    expect(encodeEvent(row as SseEvent)).toBe('event: price\nid: 7\ndata: 1\n\n')
  })
})
