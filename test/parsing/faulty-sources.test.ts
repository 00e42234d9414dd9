// Sources that do what a source must not, and sentinels that answer what they must not.

import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { parseEvents } from '../../src/parser.js'
import { all, generated, rejection, TestStream, thenBlocked } from './sources.js'

/** An async iterable whose iterator answers each `next` with what is given here. */
const answering = (next: () => unknown) => ({ [Symbol.asyncIterator]: () => ({ next }) }) as never

describe('an async iterator', () => {
  // It was asked again and again, without end, and nothing else in the process had its turn.
  test('that gives no result at all fails the iteration', async () => {
    const error = await rejection(parseEvents(answering(async () => undefined)).next())
    expect(error).toBeInstanceOf(TypeError)
  })

  test('that throws instead of rejecting fails the iteration with its error', async () => {
    const reader = parseEvents(
      answering(() => {
        throw new Error('at once')
      }),
    )
    expect((await rejection(reader.next())).message).toBe('at once')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('that gives its results without promises is read, as `for await` would', async () => {
    const results = [{ done: false, value: 'data: a\n\n' }, { done: true }]
    const events = await all(parseEvents(answering(() => results.shift())))
    expect(events.map(({ data }) => data)).toEqual(['a'])
  })
})

describe('a Readable that fails before it is read', () => {
  // Its 'error' event had no listener yet, which ends a process.
  test('fails the iteration, and no more', async () => {
    const source = new PassThrough()
    const reader = parseEvents(source)
    source.destroy(new Error('reset'))
    await new Promise((resolve) => source.once('close', resolve))
    expect((await rejection(reader.next())).message).toBe('reset')
  })
})

describe('until', () => {
  // A promise counted as true: the iteration ended before its first event, as if the stream were empty.
  test('that gives a promise fails the iteration', async () => {
    const source = new TestStream(thenBlocked('data: a\n\n'))
    const reader = parseEvents(source.stream, { until: (async () => false) as never })
    const error = await rejection(reader.next())
    expect(error.message).toBe(
      'Expected what `until` gives to be a boolean, got an instance of Promise',
    )
    expect(source.cancelled).toEqual([error])
  })

  test('that gives nothing ends nothing', async () => {
    const reader = parseEvents(generated('data: a\n\n'), { until: (() => {}) as never })
    expect((await all(reader)).length).toBe(1)
  })
})
