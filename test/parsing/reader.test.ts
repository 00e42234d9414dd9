// How parseEvents reads a source, and how it lets go of it.

import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { type EventsSource, parseEvents } from '../../src/parser.js'
import { all, generated, rejection, TestStream, thenBlocked, thenEnded } from './sources.js'

const message = (data: string, id = '') => ({ event: 'message', data, id })

/** Lets everything run that can. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a reader', () => {
  test('reads nothing before it is asked, and no more than one chunk for what it gives', async () => {
    const source = new TestStream((index) => `data: ${index}\n\ndata: again\n\n`)
    const reader = parseEvents(source.stream)
    await settled()
    expect(source.pulls).toBe(0)
    expect(await reader.next()).toEqual({ done: false, value: message('0') })
    expect(await reader.next()).toEqual({ done: false, value: message('again') })
    await settled()
    expect(source.pulls).toBe(1)
    await reader.next()
    await settled()
    expect(source.pulls).toBe(2)
    await reader.return()
  })

  test('gives the events of a chunk that is longer than it parses at once', async () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `data: ${index}\n\n`).join('')
    for (const chunk of [text, new TextEncoder().encode(text)]) {
      const events = await all(parseEvents(generated<string | Uint8Array>(chunk)))
      expect(events.length).toBe(30_000)
      expect(events.at(-1)).toEqual(message('29999'))
    }
  })

  test('gives calls of next that overlap their events in order', async () => {
    const reader = parseEvents(generated('data: a\n\n', 'data: b\n\nda', 'ta: c\n\n'))
    const steps = await Promise.all([1, 2, 3, 4, 5].map(() => reader.next()))
    expect(steps.map(({ done, value }) => (done ? 'done' : value.data))).toEqual([
      'a',
      'b',
      'c',
      'done',
      'done',
    ])
  })

  test('lets a call wait for those before it, though an event is there for it', async () => {
    const reader = parseEvents(generated('data: a\n\ndata: b\n\ndata: c\n\n'))
    const first = reader.next()
    const third = first.then(() => reader.next())
    const second = reader.next()
    const steps = await Promise.all([first, second, third])
    expect(steps.map(({ value }) => value?.data)).toEqual(['a', 'b', 'c'])
  })

  test('is its own iterator', () => {
    const reader = parseEvents(generated(''))
    expect(reader[Symbol.asyncIterator]()).toBe(reader)
  })

  test('gives what came before the source failed, then the error of the source, then the end', async () => {
    const broken = new Error('reset')
    const source = new TestStream(async (index) => {
      if (index === 0) return 'data: a\n\ndata: cut'
      throw broken
    })
    const reader = parseEvents(source.stream)
    expect((await reader.next()).value).toEqual(message('a'))
    expect(await rejection(reader.next())).toBe(broken)
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('takes bytes that are no UTF-8 for U+FFFD, at the very end too', async () => {
    const source = generated<string | Uint8Array>(
      Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff),
      '\n\ndata:',
      Uint8Array.of(0xe2),
    )
    const events = await all(parseEvents(source, { unterminated: 'dispatch' }))
    expect(events).toEqual([message('\uFFFD'), message('\uFFFD')])
  })

  test('refuses chunks that are neither bytes nor text', async () => {
    for (const chunk of [5, null, {}, new Uint16Array(2), new DataView(new ArrayBuffer(2))]) {
      const source = new TestStream<unknown>(() => chunk)
      const error = await rejection(parseEvents(source.stream as never).next())
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toMatch(/^Expected a chunk to be a string or a Uint8Array, got /)
      expect(source.cancelled).toEqual([error])
    }
  })

  test.each([undefined, null, 'data: x\n\n', 5, {}, [], () => {}, new Map()])(
    'refuses %s as a source, at once',
    (source) => {
      expect(() => parseEvents(source as never)).toThrow(TypeError)
      expect(() => parseEvents(source as never)).toThrow(/^Expected the source to be a Response/)
    },
  )

  test.each([
    [{ maxEventBytes: 0 }, RangeError],
    [{ maxEventBytes: '5' }, TypeError],
    [{ events: {} }, TypeError],
    [{ onInvalid: 'ignore' }, TypeError],
    [{ onUnknown: 'ignore' }, TypeError],
    [{ unterminated: true }, TypeError],
    [{ until: 'DONE' }, TypeError],
    [{ onComment: 5 }, TypeError],
    [{ onRetry: 5 }, TypeError],
    [{ signal: 5 }, TypeError],
    [5, TypeError],
  ])('refuses the options %o, and leaves the source alone', (options, type) => {
    const { stream } = new TestStream(() => '')
    expect(() => parseEvents(stream, options as never)).toThrow(type)
    expect(stream.locked).toBe(false)
  })

  test('refuses a locked stream at once', () => {
    const { stream } = new TestStream(() => '')
    parseEvents(stream)
    expect(() => parseEvents(stream)).toThrow(
      new TypeError(
        'Expected the source to be a stream that is not locked, got an instance of ReadableStream',
      ),
    )
  })
})

/** Each gives a source that gives one event and then blocks, and tells whether it was put away. */
const BLOCKING: Record<string, () => { source: EventsSource; isPutAway: () => boolean }> = {
  'a web stream': () => {
    const { stream, cancelled } = new TestStream(thenBlocked('data: a\n\n'))
    return { source: stream, isPutAway: () => cancelled.length === 1 }
  },
  'a Response': () => {
    const { stream, cancelled } = new TestStream(
      thenBlocked(new TextEncoder().encode('data: a\n\n')),
    )
    const source = new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    return { source, isPutAway: () => cancelled.length === 1 }
  },
  'a Readable': () => {
    const source = new Readable({ read() {} })
    source.push('data: a\n\n')
    return { source, isPutAway: () => source.destroyed }
  },
  'an async iterator': () => {
    const next = thenBlocked('data: a\n\n')
    let pulls = 0
    let isPutAway = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: (await next(pulls++)) as string }),
        return: async () => {
          isPutAway = true
          throw new Error('on the way out')
        },
      }),
    }
    return { source, isPutAway: () => isPutAway }
  },
}

describe.each(Object.entries(BLOCKING))('%s that is read', (_name, open) => {
  test('is put away by break', async () => {
    const { source, isPutAway } = open()
    for await (const event of parseEvents(source)) {
      expect(event.data).toBe('a')
      expect(isPutAway()).toBe(false)
      break
    }
    expect(isPutAway()).toBe(true)
  })

  test('is put away by return while a read is blocked, and the read gives the end', async () => {
    const { source, isPutAway } = open()
    const reader = parseEvents(source)
    await reader.next()
    const [blocked, behind] = [reader.next(), reader.next()]
    await settled()
    expect(await reader.return()).toEqual({ done: true, value: undefined })
    expect(await blocked).toEqual({ done: true, value: undefined })
    expect(await behind).toEqual({ done: true, value: undefined })
    expect(isPutAway()).toBe(true)
  })

  test('is put away by the signal while a read is blocked, and the read rejects with its reason', async () => {
    const { source, isPutAway } = open()
    const abort = new AbortController()
    const reader = parseEvents(source, { signal: abort.signal })
    await reader.next()
    const [blocked, behind] = [rejection(reader.next()), reader.next()]
    await settled()
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await blocked).toBe(reason)
    expect(await behind).toEqual({ done: true, value: undefined })
    expect(isPutAway()).toBe(true)
  })

  test('is put away by a signal that has aborted before', async () => {
    const { source, isPutAway } = open()
    const reader = parseEvents(source, { signal: AbortSignal.abort() })
    expect((await rejection(reader.next())).name).toBe('AbortError')
    expect(isPutAway()).toBe(true)
  })

  test('is put away by until, whose event is not given', async () => {
    const { source, isPutAway } = open()
    const seen: unknown[] = []
    const reader = parseEvents(source, { until: (event) => seen.push(event) > 0 })
    expect(await all(reader)).toEqual([])
    expect(seen).toEqual([message('a')])
    expect(isPutAway()).toBe(true)
  })

  test('is put away when a callback throws, whose error is that of the iteration', async () => {
    const { source, isPutAway } = open()
    const reader = parseEvents(source, {
      until: () => {
        throw new Error('mine')
      },
    })
    expect((await rejection(reader.next())).message).toBe('mine')
    expect(isPutAway()).toBe(true)
  })
})

describe('a signal', () => {
  test('drops what has been read, and is not listened to any more after the end', async () => {
    const abort = new AbortController()
    const reader = parseEvents(generated('data: a\n\ndata: b\n\n'), { signal: abort.signal })
    await reader.next()
    abort.abort(new Error('enough'))
    expect((await rejection(reader.next())).message).toBe('enough')

    const later = new AbortController()
    const source = new TestStream(thenEnded('data: a\n\n'))
    const finished = parseEvents(source.stream, { signal: later.signal })
    await all(finished)
    later.abort()
    expect(await finished.next()).toEqual({ done: true, value: undefined })
  })
})

describe('a long life', () => {
  test('of a signal does not keep readers that have finished', async () => {
    const abort = new AbortController()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const finished = await (async () => {
      const reader = parseEvents(generated('data: a\n\n'), { signal: abort.signal })
      await all(reader)
      return new WeakRef(reader)
    })()
    await settled()
    collect()
    expect(finished.deref()).toBeUndefined()
    abort.abort()
  })
})

describe('a Readable that fails on its way out', () => {
  test('is no concern of anybody', async () => {
    const source = new Readable({
      read() {},
      destroy(_error, done) {
        done(new Error('on the way out'))
      },
    })
    const reader = parseEvents(source, { signal: AbortSignal.abort() })
    expect((await rejection(reader.next())).name).toBe('AbortError')
    await settled()
    expect(source.errored?.message).toBe('on the way out')
  })
})

describe('lastEventId of a reader', () => {
  test('is that of the last event handed over, however much has been read', async () => {
    const reader = parseEvents(
      generated('id: 1\ndata: a\n\nid: 2\ndata: b\n\ndata: c\n\nid\ndata: d\n\n'),
    )
    expect(reader.lastEventId).toBe('')
    const seen: string[] = []
    for await (const { data, id } of reader) seen.push(`${data} ${id} ${reader.lastEventId}`)
    expect(seen).toEqual(['a 1 1', 'b 2 2', 'c 2 2', 'd  '])
  })

  test('is moved on by blocks with an id alone, up to the next event', async () => {
    const reader = parseEvents(
      generated('id: 1\ndata: a\n\nid: 2\n\nid: 3\n\nid: 4\ndata: b\n\n', 'id: 5\n\n'),
    )
    await reader.next()
    expect(reader.lastEventId).toBe('3')
    await reader.next()
    expect(reader.lastEventId).toBe('4')
    await reader.next()
    expect(reader.lastEventId).toBe('5')
  })

  test('is not moved on by what comes behind the next event', async () => {
    const reader = parseEvents(generated('id: 1\ndata: a\n\ndata: b\n\nid: 2\n\n'))
    await reader.next()
    expect(reader.lastEventId).toBe('1')
  })

  test('stays where it was told when the loop is left', async () => {
    const reader = parseEvents(generated('id: 1\ndata: a\n\nid: 2\ndata: b\n\n'))
    for await (const _event of reader) break
    expect(reader.lastEventId).toBe('1')
  })

  test('counts the event that until has seen', async () => {
    const reader = parseEvents(generated('id: 1\ndata: a\n\nid: 2\ndata: [DONE]\n\n'), {
      until: ({ data }) => data === '[DONE]',
    })
    await all(reader)
    expect(reader.lastEventId).toBe('2')
  })
})

describe('comments and reconnection times', () => {
  test('come in their place between the events, however the text is cut', async () => {
    const text =
      ': one\nretry: 5\ndata: a\n\n:two\nretry: 5s\nretry: 7\n\ndata: b\n: three\n\n:four\n'
    for (const chunks of [[text], [...text]]) {
      const seen: string[] = []
      const reader = parseEvents(generated(...chunks), {
        onComment: (comment) => seen.push(comment),
        onRetry: (retryMs) => seen.push(`${retryMs} ${reader.retryMs}`),
      })
      expect(reader.retryMs).toBeUndefined()
      for await (const { data } of reader) seen.push(data)
      expect(seen).toEqual(['one', '5 5', 'a', 'two', '7 7', 'three', 'b', 'four'])
    }
  })

  test('fail the iteration when the callback throws', async () => {
    const onComment = vi.fn(() => {
      throw new Error('mine')
    })
    const source = new TestStream(thenBlocked('data: a\n\n:x\n'))
    const reader = parseEvents(source.stream, { onComment })
    await reader.next()
    const error = await rejection(reader.next())
    expect(error.message).toBe('mine')
    expect(source.cancelled).toEqual([error])
  })
})

describe('a last event without its blank line', () => {
  test.each([
    ['data: a', 'a'],
    ['data: a\n', 'a'],
    ['data: a\r', 'a'],
    ['data: a\r\n', 'a'],
    ['data: a\ndata', 'a\n'],
    ['id: 5\ndata: a\n: x', 'a'],
  ])('is discarded, or dispatched if asked: %j', async (text, data) => {
    expect(await all(parseEvents(generated(text)))).toEqual([])
    for (const chunks of [[text], [...text]]) {
      const events = await all(parseEvents(generated(...chunks), { unterminated: 'dispatch' }))
      expect(events.map((event) => event.data)).toEqual([data])
    }
  })

  test('is not made up where there is none', async () => {
    for (const text of ['', '\n', 'data: a\n\n', 'data: a\r\r', 'data: a\r\n\r\n', 'event: x\n']) {
      const events = await all(parseEvents(generated(text), { unterminated: 'dispatch' }))
      expect(events.length).toBe(text.includes('data') ? 1 : 0)
    }
  })

  test('does not move the id on when it is discarded', async () => {
    const reader = parseEvents(generated('id: 1\ndata: a\n\nid: 2\ndata: b\n'))
    await all(reader)
    expect(reader.lastEventId).toBe('1')
  })
})
