// What the compiler makes of event maps, on streams and channels.

import { PassThrough } from 'node:stream'
import { of } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'
import type { EventOf } from '../src/contract.js'
import { SseChannel, SseStream } from '../src/index.js'

interface Feed {
  price: { cents: number }
  message: string
  note: string | undefined
  done: undefined
}

declare const feed: SseStream<Feed>
declare const any: SseStream

describe('EventOf', () => {
  test('ties the data to the name', () => {
    feed.send({ event: 'price', data: { cents: 5 }, id: 1, retry: 5, comment: 'x' })
    // @ts-expect-error the data is of another type
    feed.send({ event: 'price', data: 'five' })
    // @ts-expect-error the data is missing
    feed.send({ event: 'price' })
    // @ts-expect-error no such event
    feed.send({ event: 'prize', data: { cents: 5 } })
    // @ts-expect-error no such field
    feed.send({ event: 'price', data: { cents: 5 }, name: 'x' })
  })

  test('lets the name be left out for message alone', () => {
    feed.send({ data: 'text' })
    feed.send({ event: 'message', data: 'text' })
    // @ts-expect-error that is the data of price
    feed.send({ data: { cents: 5 } })
  })

  test('lets data be left out where its type admits undefined', () => {
    feed.send({ event: 'done' })
    feed.send({ event: 'note' })
    feed.send({ event: 'note', data: 'x' })
    // @ts-expect-error done carries nothing
    feed.send({ event: 'done', data: 1 })
  })

  test('is any event where none are named', () => {
    any.send({ event: 'x', data: 1, id: 0 })
    any.send({ data: null })
    any.send({ id: 5 })
    any.send({ comment: 'x' })
    // @ts-expect-error an id is a string or a number
    any.send({ id: true })
  })

  test('is a union that the name tells apart', () => {
    const event = {} as EventOf<Feed>
    if (event.event === 'price') expectTypeOf(event.data).toEqualTypeOf<{ cents: number }>()
    if (event.event === undefined) expectTypeOf(event.data).toEqualTypeOf<string>()
  })

  test('holds for farewells and for sources', () => {
    void feed.end({ event: 'done' })
    // @ts-expect-error no such event
    void feed.end({ event: 'bye' })
    void feed.sendAll([1, 2], (cents) => ({ event: 'price', data: { cents } }))
    // @ts-expect-error the data is of another type
    void feed.sendAll([1, 2], (cents) => ({ event: 'price', data: cents }))
    void feed.sendAll([{ event: 'price', data: { cents: 5 } }, 'text', new Uint8Array(1)])
    // @ts-expect-error the data is of another type
    void feed.sendAll([{ event: 'price', data: { cents: 'five' } }])
    // @ts-expect-error a number is no event
    void feed.sendAll([1, 2])
    void any.sendAll([{ event: 'x', data: 1 }])
    void any.sendAll(new PassThrough())
    void any.sendAll(of('a'))
    void feed.sendAll(of('a'), (data) => ({ data }))
    void feed.sendAll(new PassThrough(), (text) => ({ data: `${text}` }))
    void feed.sendAll(new ReadableStream<Uint8Array>(), (text) => {
      expectTypeOf(text).toEqualTypeOf<string>()
      return { data: text }
    })
  })

  test('takes a type or an interface for its map, and a Writable for its sink', () => {
    expectTypeOf(new SseStream<{ a: 1 }>(new PassThrough())).toEqualTypeOf<SseStream<{ a: 1 }>>()
    expectTypeOf(new SseStream<Feed>(new PassThrough())).toEqualTypeOf<SseStream<Feed>>()
    expectTypeOf(new SseStream(new PassThrough()).send).returns.toEqualTypeOf<boolean>()
  })
})

describe('a channel of a map', () => {
  test('publishes and filters its events, and feeds streams of the same map', () => {
    const channel = new SseChannel<Feed>({
      snapshot: () => [{ event: 'price', data: { cents: 5 } }, { data: 'text' }],
    })
    expectTypeOf(channel.publish({ event: 'done' })).toEqualTypeOf<Promise<string>>()
    // @ts-expect-error no such event
    void channel.publish({ event: 'bye' })
    // @ts-expect-error the data is of another type
    void channel.publish({ event: 'price', data: { cents: 'five' } })
    void channel.subscribe(feed, {
      filter: (event) => {
        if (event.event === 'price') expectTypeOf(event.data.cents).toEqualTypeOf<number>()
        return event.event !== 'done'
      },
    })
    void channel.subscribe(any)
    // @ts-expect-error a stream of other events
    void channel.subscribe({} as SseStream<{ other: 5 }>)
    new SseChannel<Feed>({
      async *snapshot({ topics, signal }) {
        expectTypeOf(topics).toEqualTypeOf<readonly string[] | undefined>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        yield { event: 'note', data: 'text' }
      },
    })
    // @ts-expect-error the snapshot has data of another type
    new SseChannel<Feed>({ snapshot: () => [{ event: 'price', data: 5 }] })
    void new SseChannel().publish({ event: 'anything', data: 5 })
  })
})
