// One contract, and what the compiler makes of it at both ends of the wire.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { openStream as openOnExpress } from '../src/adapters/express.js'
import { type OpenStreamOptions, openStream } from '../src/adapters/node.js'
import {
  type AnyEvents,
  type ChannelEvent,
  type Contract,
  defineEvents,
  type EventMap,
  type EventOf,
  SseChannel,
  SseStream,
  type SseStreamOptions,
  text,
} from '../src/index.js'
import {
  type ParseOptions,
  parseEvents,
  type ReceivedEvent,
  SseParserStream,
  type SseReader,
} from '../src/parser.js'

const events = defineEvents({
  price: z.object({ cents: z.number() }),
  at: z.string().transform((iso) => new Date(iso)),
  user: v.object({ name: v.string() }),
  point: type({ x: 'number' }),
  note: z.string().optional(),
  token: text(),
  done: null,
})

interface Sent {
  price: { cents: number }
  at: string
  user: { name: string }
  point: { x: number }
  note: string | undefined
  token: string
  done: undefined
}

interface Received extends Omit<Sent, 'at'> {
  at: Date
}

interface Feed {
  price: { cents: number }
  message: string
}

declare const req: IncomingMessage
declare const res: ServerResponse

describe('a contract where events are sent', () => {
  const stream = new SseStream(new PassThrough(), { events })

  test('gives streams and channels their type, in which data is what the validators take', () => {
    stream.send({ event: 'price', data: { cents: 5 } })
    stream.send({ event: 'at', data: '2020-01-01' })
    stream.send({ event: 'user', data: { name: 'Ann' } })
    stream.send({ event: 'point', data: { x: 1 } })
    stream.send({ event: 'note' })
    stream.send({ event: 'token', data: 'text' })
    stream.send({ event: 'done' })
    // @ts-expect-error no such event
    stream.send({ event: 'prize', data: { cents: 5 } })
    // @ts-expect-error the data is of another type
    stream.send({ event: 'price', data: { cents: 'five' } })
    // @ts-expect-error the data is missing
    stream.send({ event: 'price' })
    // @ts-expect-error that is what the client gets
    stream.send({ event: 'at', data: new Date() })
    // @ts-expect-error text is a string
    stream.send({ event: 'token', data: 5 })
    // @ts-expect-error done carries nothing
    stream.send({ event: 'done', data: 1 })
    // @ts-expect-error there is no message
    stream.send({ data: 'text' })

    const channel = new SseChannel({ events })
    void channel.publish({ event: 'point', data: { x: 1 } })
    // @ts-expect-error no such event
    void channel.publish({ event: 'prize', data: { x: 1 } })
    // @ts-expect-error the data is of another type
    void channel.publish({ event: 'point', data: { x: '1' } })
    void channel.subscribe(stream, {
      filter: (event) => event.event !== 'price' || event.data.cents > 5,
    })
    // @ts-expect-error a stream of other events
    void channel.subscribe({} as SseStream<{ other: 5 }>)
  })

  test('does so through the adapters', () => {
    openStream(req, res, { events }).send({ event: 'price', data: { cents: 5 } })
    // @ts-expect-error no such event
    openStream(req, res, { events }).send({ event: 'prize' })
    openOnExpress(req, res, { events, retryMs: 5 }).send({ event: 'done' })
    // @ts-expect-error the data is of another type
    openOnExpress(req, res, { events }).send({ event: 'price', data: 5 })
    expectTypeOf(openStream(req, res)).toEqualTypeOf<SseStream>()
    expectTypeOf(openStream<Feed>(req, res, { retryMs: 5 })).toEqualTypeOf<SseStream<Feed>>()
  })

  test('lets options without one be kept, and be used for streams of any type', () => {
    const kept: OpenStreamOptions = { heartbeatMs: 5 }
    const forStreams: SseStreamOptions = kept
    openStream(req, res, kept).send({ event: 'any', data: 5 })
    expectTypeOf(openStream<Feed>(req, res, kept)).toEqualTypeOf<SseStream<Feed>>()
    expectTypeOf(new SseStream<Feed>(new PassThrough(), forStreams)).toEqualTypeOf<
      SseStream<Feed>
    >()
    // @ts-expect-error a contract of other events
    openStream<Feed>(req, res, { events })
  })

  test('types the functions of an application that send and publish', () => {
    const send = (event: EventOf<typeof events>) => stream.send(event)
    const publish = (event: ChannelEvent<typeof events>) =>
      new SseChannel({ events }).publish(event)
    const publishFeed = (event: ChannelEvent<Feed>) => new SseChannel<Feed>().publish(event)
    const publishAny = (event: ChannelEvent<AnyEvents>) => new SseChannel().publish(event)
    expectTypeOf<EventOf<typeof events>>().toEqualTypeOf<EventOf<Sent>>()
    send({ event: 'at', data: '2020-01-01', id: 5 })
    void publish({ event: 'price', data: { cents: 5 }, retry: 5 })
    void publishFeed({ data: 'text' })
    void publishAny({ event: 'any', data: 5 })
    // @ts-expect-error no such event
    send({ event: 'entries' })
    // @ts-expect-error the log gives the id
    void publish({ event: 'done', id: 5 })
    // @ts-expect-error the data is of another type
    void publish({ event: 'price', data: { cents: 'five' } })

    function publisherOf<M extends EventMap<M>>(channel: SseChannel<M>) {
      return (event: ChannelEvent<M>) => channel.publish(event)
    }
    void publisherOf(new SseChannel({ events }))({ event: 'token', data: 'text' })
  })

  test('refuses what is no entry', () => {
    // @ts-expect-error a class is no validator
    defineEvents({ price: Date })
    // @ts-expect-error a string is none
    defineEvents({ price: 'string' })
    expectTypeOf(events).toExtend<Contract<Sent, Received>>()
  })
})

describe('a contract where events are received', () => {
  const source = new Readable()

  test('tells the types of data apart by the name', async () => {
    for await (const event of parseEvents(source, { events })) {
      expectTypeOf(event).toEqualTypeOf<ReceivedEvent<Received>>()
      expectTypeOf(event.id).toEqualTypeOf<string>()
      switch (event.event) {
        case 'price':
          expectTypeOf(event.data).toEqualTypeOf<{ cents: number }>()
          break
        case 'at':
          expectTypeOf(event.data).toEqualTypeOf<Date>()
          break
        case 'user':
          expectTypeOf(event.data).toEqualTypeOf<{ name: string }>()
          break
        case 'point':
          expectTypeOf(event.data).toEqualTypeOf<{ x: number }>()
          break
        case 'note':
          expectTypeOf(event.data).toEqualTypeOf<string | undefined>()
          break
        case 'token':
          expectTypeOf(event.data).toEqualTypeOf<string>()
          break
        case 'done':
          expectTypeOf(event.data).toEqualTypeOf<undefined>()
          break
        default:
          expectTypeOf(event).toEqualTypeOf<never>()
      }
      // @ts-expect-error no such event
      if (event.event === 'prize') return
    }
  })

  test('types the functions of an application that receive', () => {
    const receive = (event: ReceivedEvent<typeof events>) =>
      event.event === 'at' ? event.data.getTime() : 0
    expectTypeOf<ReceivedEvent<typeof events>>().toEqualTypeOf<ReceivedEvent<Received>>()
    receive({ event: 'done', data: undefined, id: '' })
    // @ts-expect-error no such event
    receive({ event: 'outgoing', data: undefined, id: '' })
  })

  test('types the reader, its options and the pipeline', () => {
    const reader = parseEvents(source, {
      events,
      onUnknown: 'skip',
      onInvalid: ({ event, data, id, issues }) => {
        expectTypeOf([event, data, id]).toEqualTypeOf<string[]>()
        expectTypeOf(issues[0]?.message).toEqualTypeOf<string | undefined>()
      },
      until: ({ data }) => data === '[DONE]',
    })
    expectTypeOf(reader.lastEventId).toEqualTypeOf<string>()
    expectTypeOf(reader.retryMs).toEqualTypeOf<number | undefined>()
    expectTypeOf(reader).toExtend<AsyncIterableIterator<ReceivedEvent<Received>>>()
    const piped = new ReadableStream<Uint8Array>().pipeThrough(new SseParserStream({ events }))
    expectTypeOf(piped).toEqualTypeOf<ReadableStream<ReceivedEvent<Received>>>()
    const withSignal: ParseOptions = { signal: AbortSignal.abort() }
    // @ts-expect-error pipeThrough takes the signal
    new SseParserStream(withSignal)
    // @ts-expect-error no such policy
    parseEvents(source, { events, onUnknown: 'ignore' })
  })

  test('is text, of any name, without one', async () => {
    expectTypeOf(parseEvents(source)).toEqualTypeOf<SseReader>()
    expectTypeOf(parseEvents(source, { maxEventBytes: 5 })).toEqualTypeOf<SseReader>()
    for await (const event of parseEvents(new Response())) {
      expectTypeOf(event).toEqualTypeOf<{ event: string; data: string; id: string }>()
    }
    const piped = new ReadableStream<Uint8Array>().pipeThrough(new SseParserStream())
    expectTypeOf(piped).toEqualTypeOf<ReadableStream<ReceivedEvent>>()
    // @ts-expect-error nothing makes these types true
    parseEvents<Feed>(source, {})
  })

  test('reads responses, streams and iterables of bytes or text', () => {
    parseEvents(new ReadableStream<Uint8Array>())
    parseEvents(new ReadableStream<string>())
    parseEvents({} as AsyncIterable<string>)
    parseEvents({} as AsyncGenerator<Buffer>)
    parseEvents(req)
    // @ts-expect-error numbers are neither
    parseEvents(new ReadableStream<number>())
    // @ts-expect-error text by itself is no source
    parseEvents('data: x')
  })
})
