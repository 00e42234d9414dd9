// Any event comes back as it went in, or throws before a byte is written; and none brings another with it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defineEvents, SseChannel, SseStream, streamStats, text } from '../../src/index.js'
import { parseEvents } from '../../src/parser.js'
import { FakeSink, tick } from '../fake-sink.js'
import { type Read, readText } from '../parsing/standard.js'
import { readWire } from '../wire.js'
import { patience, runs } from './runs.js'

/** Text that tries to be more than one value. */
const hostile = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\n\n', ':', ' ', '\0', '\t') },
    fc.constantFrom('data: x', 'event: admin', 'id: 9', 'retry: 1', '\uFEFF', '\u2028', '\u0085'),
    fc.constantFrom('\uD83D', '\uDE00', '😀', '\u007F', '\u001B[2J', '{}'),
    { weight: 3, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) },
  ),
  maxLength: 12,
})

/** What no type would let through, and JavaScript does. */
const wrong = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, maxDepth: 2 }),
  fc.constantFrom<unknown>(Symbol('a'), () => 'a', Number.NaN, -0, 2 ** 53, 1e21, new Date(NaN)),
  fc.constant({
    toJSON: () => {
      throw new RangeError('no JSON today')
    },
  }),
  fc.constant({ toString: () => 'x\n\nevent: admin', toJSON: () => 'a\r\rb' }),
)

const absentOr = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })
const anyEvent = fc.record({
  event: absentOr(fc.oneof({ weight: 4, arbitrary: hostile }, wrong)),
  data: absentOr(fc.oneof({ weight: 4, arbitrary: hostile }, fc.jsonValue(), wrong)),
  id: absentOr(fc.oneof({ weight: 4, arbitrary: hostile }, fc.double(), wrong)),
  retry: absentOr(fc.oneof({ weight: 4, arbitrary: fc.maxSafeNat() }, fc.double(), wrong)),
  comment: absentOr(fc.oneof({ weight: 4, arbitrary: hostile }, wrong)),
})
type AnyEvent = Parameters<SseStream['send']>[0]

/** As text comes back: line breaks as LF, halves of surrogate pairs as U+FFFD. */
const asRead = (value: string) => value.replace(/\r\n?/g, '\n').toWellFormed()

/** What clients see of wire text in UTF-8, by a grammar and by a parser that are not ours. */
function read(wire: string): Read {
  const sent = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(wire))
  const seen = readText(sent)
  expect(readWire(sent).map(({ event, data }) => ({ event, data }))).toEqual(
    seen.events.map(({ event, data }) => ({ event, data })),
  )
  return seen
}

/** Does something that may throw; gives what it threw. */
function attempt(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

/** Holds what was read of one event to what was sent. */
function expectThisEvent({ events, lastEventId, retryMs, comments }: Read, sent: AnyEvent): void {
  const { event, data, id, retry, comment } = sent
  const isDispatched = data !== undefined || event !== undefined
  const text =
    typeof data === 'string' ? data : data === undefined ? '' : (JSON.stringify(data) as string)
  const expected = { event: event || 'message', data: asRead(text), id: `${id ?? ''}` }
  expect(events).toEqual(isDispatched ? [expected] : [])
  expect(lastEventId).toBe(`${id ?? ''}`)
  // The format has no negative zero.
  expect(retryMs).toBe(retry === undefined ? undefined : retry + 0)
  expect(comments.join('\n')).toBe(asRead(comment ?? ''))
}

describe('any event', () => {
  test('comes back as it went in, or throws before a byte is written', patience, async () => {
    let [taken, refused] = [0, 0]
    await fc.assert(
      fc.asyncProperty(anyEvent, async (event) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        const before = streamStats().eventsSent
        const error = attempt(() => stream.send(event as AnyEvent))
        await tick()
        if (error === undefined) {
          taken++
          expectThisEvent(read(sink.text), event as AnyEvent)
        } else {
          refused++
          expect(error).toSatisfy((e) => e instanceof TypeError || e instanceof RangeError)
          expect(sink.written).toEqual([])
          expect(streamStats().eventsSent).toBe(before)
          // It is as good as before.
          stream.send({ data: 'next' })
          await tick()
          expect(read(sink.text).events).toEqual([{ event: 'message', data: 'next', id: '' }])
        }
        stream.destroy()
      }),
      runs(4_000),
    )
    // One of eight or so is refused, by chance.
    expect(taken).toBeGreaterThan(300)
    expect(refused).toBeGreaterThan(300)
  })

  test('comes back through our own parser, cut into its characters', patience, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), async (events) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        for (const event of events) attempt(() => stream.send(event as AnyEvent))
        await tick()
        const bytes = Buffer.from(sink.text)
        const source = (async function* () {
          for (const byte of bytes) yield Uint8Array.of(byte)
        })()
        const ours: unknown[] = []
        for await (const event of parseEvents(source)) ours.push(event)
        expect(ours).toEqual(readText(bytes.toString()).events)
        stream.destroy()
      }),
      runs(500),
    )
  })

  test('is one event among others, in its place, whatever the others are', patience, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 8 }), async (events) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        const expected: Read['events'] = []
        let id = ''
        for (const event of events as AnyEvent[]) {
          if (attempt(() => stream.send(event)) !== undefined) continue
          // A client keeps the id of an event for those that have none.
          if (event.id !== undefined) id = `${event.id}`
          if (event.data === undefined && event.event === undefined) continue
          const { data = '' } = event
          const text = typeof data === 'string' ? data : JSON.stringify(data)
          expected.push({ event: event.event || 'message', data: asRead(text), id })
        }
        await tick()
        expect(read(sink.text).events).toEqual(expected)
        stream.destroy()
      }),
      runs(1_000),
    )
  })

  test('as a farewell is the last, or leaves the stream open', patience, async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, async (event) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        const outcome = await stream.end(event as AnyEvent).catch((error: unknown) => error)
        if (outcome instanceof Error) {
          expect(sink.written).toEqual([])
          expect(stream.state).toBe('open')
          stream.destroy()
        } else {
          expect(outcome).toEqual({ reason: 'ended' })
          expectThisEvent(read(sink.text), event as AnyEvent)
        }
      }),
      runs(1_000),
    )
  })

  test('is published to all as one, with the id of the log, or to none', patience, async () => {
    await fc.assert(
      fc.asyncProperty(anyEvent, async ({ id: _ofTheLog, ...event }) => {
        const channel = new SseChannel()
        const [live, late] = [new FakeSink(), new FakeSink()]
        const streams = [new SseStream(live), new SseStream(late, { lastEventId: 'unknown' })]
        await channel.subscribe(streams[0] as SseStream)
        const before = live.written.length
        const outcome = await channel.publish(event as never).catch((error: unknown) => error)
        await channel.subscribe(streams[1] as SseStream)
        await tick()
        if (typeof outcome === 'string') {
          expectThisEvent(read(live.written.slice(before).join('')), {
            ...event,
            id: outcome,
          } as AnyEvent)
          const [gap, ...replayed] = read(late.text).events
          expect(gap?.event).toBe('gap')
          expect(replayed.length).toBe(
            event.data === undefined && event.event === undefined ? 0 : 1,
          )
        } else {
          expect(outcome).toSatisfy((e) => e instanceof TypeError || e instanceof RangeError)
          expect(live.written.slice(before)).toEqual([])
          expect(read(late.text).events.length).toBe(1)
        }
        for (const stream of streams) stream.destroy()
        await channel.close()
      }),
      runs(1_000),
    )
  })
})

describe('any text', () => {
  test('in a comment adds no event', patience, async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (comment) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        stream.comment(comment)
        await tick()
        const seen = read(sink.text)
        expect(seen).toMatchObject({ events: [], lastEventId: '', retryMs: undefined })
        expect(seen.comments.join('\n')).toBe(asRead(comment))
        stream.destroy()
      }),
      runs(500),
    )
  })

  test('from a source is one event each, bytes cut anywhere included', patience, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 6 }), async (items) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false })
        await stream.sendAll(items)
        await tick()
        expect(read(sink.text).events.map(({ data }) => data)).toEqual(items.map(asRead))
        stream.destroy()
      }),
      runs(500),
    )
  })

  test('under a contract comes back as it went in, as text and as JSON', patience, async () => {
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
    } as const
    const events = defineEvents({ token: text(), json: schema })
    await fc.assert(
      fc.asyncProperty(hostile, fc.jsonValue(), async (token, json) => {
        const sink = new FakeSink()
        const stream = new SseStream(sink, { heartbeatMs: false, events })
        stream.send({ event: 'token', data: token })
        stream.send({ event: 'json', data: token })
        stream.send({ event: 'json', data: json })
        await tick()
        const source = (async function* () {
          yield Buffer.from(sink.text)
        })()
        const seen: unknown[] = []
        for await (const { data } of parseEvents(source, { events })) seen.push(data)
        // JSON brings back every character, halves of pairs and line breaks too.
        expect(seen).toEqual([asRead(token), token, JSON.parse(JSON.stringify(json))])
        stream.destroy()
      }),
      runs(500),
    )
  })
})
