// What `sendAll` makes of observables, which push.

import {
  BehaviorSubject,
  concat,
  from,
  interval,
  map,
  type Observable,
  of,
  Subject,
  throwError,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import { type FakeSink, turn } from './fake-sink.js'
import { open } from './fake-stream.js'
import { readWire } from './wire.js'

const dataOf = (sink: FakeSink) => readWire(sink.text).map(({ data }) => data)

describe('an RxJS observable', () => {
  test('is sent until it completes', async () => {
    const { sink, stream } = open()
    await stream.sendAll(of('a', 'b').pipe(map((data) => ({ event: 'letter', data }))))
    expect(readWire(sink.text).map(({ data }) => data)).toEqual(['a', 'b'])
  })

  test('is sent over time', async () => {
    const { sink, stream } = open()
    const subject = new Subject<number>()
    const sending = stream.sendAll(subject, (n) => ({ data: n }))
    subject.next(1)
    await turn()
    subject.next(2)
    subject.complete()
    await sending
    expect(dataOf(sink)).toEqual(['1', '2'])
    expect(subject.observed).toBe(false)
  })

  test('rejects with its error, after what it gave before', async () => {
    const { sink, stream } = open()
    const error = new Error('no more')
    await expect(
      stream.sendAll(
        concat(
          of('a'),
          throwError(() => error),
        ),
      ),
    ).rejects.toBe(error)
    expect(dataOf(sink)).toEqual(['a'])
  })

  test('is unsubscribed at the first item that cannot be sent, and nothing after it is', async () => {
    const { sink, stream } = open()
    const sending = stream.sendAll(from(['a', 5, 'b']) as Observable<string>)
    await expect(sending).rejects.toThrow(TypeError)
    expect(dataOf(sink)).toEqual(['a'])
  })

  test('is unsubscribed when the client leaves while it emits within subscribe', async () => {
    const { sink, stream } = open()
    const subject = new BehaviorSubject('now')
    const sending = stream.sendAll(subject, (data) => {
      sink.leave()
      return { data }
    })
    await sending
    expect(subject.observed).toBe(false)
  })

  test('does not wait for a slow client, whose backlog stays bounded', async () => {
    const { sink, stream } = open({ maxBufferedBytes: 1_000 })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await turn()
    const sending = stream.sendAll(interval(0).pipe(map((n) => `${n}`.padEnd(100))))
    expect(await stream.closed).toEqual({ reason: 'overflow' })
    await sending
  })
})
