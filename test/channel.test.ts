// Publishing on a channel, subscribing to it, and closing it.

import { describe, expect, test, vi } from 'vitest'
import { type EventLog, MemoryLog, SseChannel, type SseError, streamStats } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { tick, turn } from './fake-sink.js'

/** The least that a log needs besides what a test overrides. */
function logWith(overrides: Partial<EventLog>): EventLog {
  const log = new MemoryLog()
  const methods = ['append', 'follow', 'since', 'compare', 'close'] as const
  const bound = Object.fromEntries(methods.map((name) => [name, log[name].bind(log)]))
  return { ...(bound as unknown as EventLog), ...overrides }
}

describe('SseChannel#publish', () => {
  test('sends an event to all subscribers, with the id that it resolves with', async () => {
    const channel = new SseChannel()
    const clients = [new FakeClient(), new FakeClient()]
    for (const { stream } of clients) await channel.subscribe(stream)
    const id = await channel.publish({ event: 'price', data: { cents: 5 }, retry: 7, comment: 'c' })
    for (const { sink, events } of clients) {
      expect(events).toEqual([{ event: 'price', data: '{"cents":5}', id }])
      expect(sink.text).toContain(`: c\nevent: price\nid: ${id}\nretry: 7\ndata: {"cents":5}\n\n`)
    }
  })

  test('sends what is published in one synchronous run as one chunk, the same for all', async () => {
    const channel = new SseChannel()
    const clients = [new FakeClient(), new FakeClient(), new FakeClient()]
    for (const { stream } of clients) await channel.subscribe(stream)
    await tick()
    const before = clients.map(({ sink }) => sink.written.length)
    for (const data of ['1', '2', '3']) void channel.publish({ data })
    await tick()
    for (const [index, { sink, data }] of clients.entries()) {
      expect(sink.written.length).toBe((before[index] as number) + 1)
      expect(data).toEqual(['1', '2', '3'])
    }
  })

  test('encodes the data of an event once, however many subscribers there are', async () => {
    const channel = new SseChannel()
    for (let i = 0; i < 50; i++) await channel.subscribe(new FakeClient().stream)
    const toJSON = vi.fn(() => 'once')
    await channel.publish({ data: { toJSON } })
    expect(toJSON).toHaveBeenCalledTimes(1)
  })

  test('has written the event by the time that it resolves', async () => {
    const channel = new SseChannel()
    const { stream, sink } = new FakeClient()
    await channel.subscribe(stream)
    await channel.publish({ data: 'published' })
    stream.send({ data: 'sent after it' })
    await tick()
    expect(sink.text.indexOf('published')).toBeLessThan(sink.text.indexOf('sent after it'))
    expect(sink.text.indexOf('published')).toBeGreaterThan(0)
  })

  test('delivers what was published right before the stream is ended', async () => {
    const channel = new SseChannel()
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    void channel.publish({ data: 'last' })
    void client.stream.end({ data: 'farewell' })
    await tick()
    expect(client.data).toEqual(['last', 'farewell'])
    expect(client.sink.isEnded).toBe(true)
  })

  test('uses the serializer of the channel', async () => {
    const channel = new SseChannel({ serialize: (data) => `<${String(data)}>` })
    const client = new FakeClient('', { serialize: () => 'of the stream' })
    await channel.subscribe(client.stream)
    await channel.publish({ data: 5 })
    await channel.publish({ data: 'text' })
    expect(client.data).toEqual(['<5>', 'text'])
  })

  test.each([
    ['no object', 'text', /the event to be an object/],
    [
      'no event',
      {},
      /the event to be one with event, data, retry or comment, got an object with the keys \[\]/,
    ],
    ['an array', [1], /the event to be an object, got an instance of Array/],
    ['an id of its own', { data: '', id: '5' }, /`id` to be absent, for the log gives it, got "5"/],
    ['a line break in the name', { event: 'a\nb' }, /`event` to be one line/],
    ['data that JSON cannot carry', { data: () => {} }, /`data` to be a string or what/],
    ['a retry that is no integer', { retry: 0.5 }, /`retry` to be an integer/],
  ])('rejects %s, and publishes nothing', async (_name, event, message) => {
    const channel = new SseChannel()
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    await expect(channel.publish(event as never)).rejects.toThrow(message)
    await tick()
    expect(client.events).toEqual([])
  })

  test.each([
    ['topic', 5],
    ['conflate', {}],
  ])('rejects a %s that is no string', async (name, value) => {
    const published = new SseChannel().publish({ data: '' }, { [name]: value } as never)
    await expect(published).rejects.toThrow(TypeError)
  })

  test('rejects topics, which would otherwise be no topic, and so everyone', async () => {
    const published = new SseChannel().publish({ data: '' }, { topics: ['a'] } as never)
    await expect(published).rejects.toThrow(
      'Expected each key of the options to be one of "topic", "conflate", got "topics"',
    )
  })

  test('rejects with ERR_SSE_LOG and the cause when the log does not take the event', async () => {
    const cause = new Error('full')
    const errors: unknown[] = []
    const channel = new SseChannel({
      name: 'a',
      log: logWith({ append: () => Promise.reject(cause) }),
      onError: (error, { stage }) => errors.push([error, stage]),
    })
    const error = await channel.publish({ data: '' }).catch((thrown: SseError) => thrown)
    expect(error).toMatchObject({ code: 'ERR_SSE_LOG', cause })
    expect(errors).toEqual([[error, 'publish']])
  })

  test('leaves no rejection unhandled where onError hears of the failure', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const log = logWith({ append: () => Promise.reject(new Error('full')) })
    const stages: string[] = []
    const onError = (_error: SseError, { stage }: { stage: string }) => stages.push(stage)
    void new SseChannel({ name: 'a', log, onError }).publish({ data: '' })
    const closed = new SseChannel({ onError })
    await closed.close()
    void closed.publish({ data: '' })
    await turn()
    expect(stages).toEqual(['publish', 'publish'])
    process.removeListener('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('counts each delivery in the statistics', async () => {
    const channel = new SseChannel()
    const first = await channel.publish({ data: '0' })
    const before = streamStats().eventsSent
    for (let i = 0; i < 3; i++) await channel.subscribe(new FakeClient().stream)
    await Promise.all([channel.publish({ data: '1' }), channel.publish({ data: '2' })])
    expect(streamStats().eventsSent - before).toBe(6)
    const returning = new FakeClient(first)
    await channel.subscribe(returning.stream)
    // Two of the history; the position of the fresh ones was no event.
    expect(streamStats().eventsSent - before).toBe(8)
  })

  test('keeps its place among what the application sends to the stream', async () => {
    const channel = new SseChannel()
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    client.stream.send({ data: '1' })
    void channel.publish({ data: '2' })
    client.stream.send({ data: '3' })
    void channel.publish({ data: '4' })
    client.stream.comment('5')
    await tick()
    expect(client.data).toEqual(['1', '2', '3', '4'])
  })
})

describe('SseChannel#subscribe', () => {
  test('hears of what is published in the same synchronous run, without waiting', async () => {
    const channel = new SseChannel()
    const client = new FakeClient()
    void channel.publish({ data: 'before' })
    const subscribed = channel.subscribe(client.stream)
    void channel.publish({ data: 'after' })
    expect(await subscribed).toMatchObject({ resume: 'fresh', replayed: 0 })
    await tick()
    expect(client.data).toEqual(['after'])
  })

  test('ends with the stream, whoever ended it', async () => {
    const channel = new SseChannel()
    const clients = [new FakeClient(), new FakeClient(), new FakeClient()] as const
    for (const { stream } of clients) await channel.subscribe(stream)
    expect(channel.size).toBe(3)
    clients[0].sink.leave()
    expect(channel.size).toBe(2)
    clients[1].stream.destroy()
    expect(channel.size).toBe(1)
    void clients[2].stream.end()
    expect(channel.size).toBe(0)
  })

  test('is ended by unsubscribe, after what was published before it; the stream stays open', async () => {
    const channel = new SseChannel()
    const client = new FakeClient()
    const subscription = await channel.subscribe(client.stream)
    void channel.publish({ data: 'before' })
    subscription.unsubscribe()
    void channel.publish({ data: 'after' })
    subscription.unsubscribe()
    await tick()
    expect(client.data).toEqual(['before'])
    expect(client.stream.state).toBe('open')
    expect(channel.size).toBe(0)
  })

  test('is ended at the end of a using block', async () => {
    const channel = new SseChannel()
    {
      using _subscription = await channel.subscribe(new FakeClient().stream)
      expect(channel.size).toBe(1)
    }
    expect(channel.size).toBe(0)
  })

  test('settles at once on a stream that has closed', async () => {
    const channel = new SseChannel({
      name: 'a',
      log: logWith({ follow: () => new Promise(() => {}), since: () => new Promise(() => {}) }),
    })
    const { stream, sink } = new FakeClient('some-id')
    sink.leave()
    expect(await channel.subscribe(stream)).toMatchObject({ replayed: 0 })
    expect(channel.size).toBe(0)
  })

  test('settles when the stream closes while the log is silent', async () => {
    const log = logWith({ since: () => new Promise(() => {}) })
    const channel = new SseChannel({ name: 'a', log })
    const { stream, sink } = new FakeClient('some-id')
    const subscribed = channel.subscribe(stream)
    await settle()
    sink.leave()
    await subscribed
    expect(channel.size).toBe(0)
  })

  test('takes one resumable subscription a stream, and others without ids besides', async () => {
    const [prices, news] = [new SseChannel(), new SseChannel()]
    const client = new FakeClient()
    const first = await prices.subscribe(client.stream)
    await expect(news.subscribe(client.stream)).rejects.toThrow(
      'Expected `resumable` to be false for a second subscription, got true',
    )
    expect(news.size).toBe(0)
    await news.subscribe(client.stream, { resumable: false })
    const id = await prices.publish({ data: 'numbered' })
    await news.publish({ data: 'plain' })
    expect(client.sink.text).toContain(`id: ${id}\ndata: numbered\n\ndata: plain\n\n`)
    first.unsubscribe()
    await news.subscribe(client.stream)
  })

  test.each([
    ['a stream', [{ write() {} }, {}], /the stream to be an SseStream/],
    ['options', [undefined, 5], /the options to be an object/],
    ['topics', [undefined, { topics: 'news' }], /`topics` to be an array of strings, got "news"/],
    ['topics of strings', [undefined, { topics: [5] }], /`topics` to be an array of strings/],
    ['a filter', [undefined, { filter: 'x' }], /`filter` to be a function/],
    ['a last event id', [undefined, { lastEventId: 5 }], /`lastEventId` to be a string/],
    ['resumable', [undefined, { resumable: 'no' }], /`resumable` to be a boolean/],
  ])('rejects what is not %s', async (_name, [stream, options], message) => {
    const channel = new SseChannel()
    const given = stream ?? new FakeClient().stream
    await expect(channel.subscribe(given as never, options as never)).rejects.toThrow(message)
    expect(channel.size).toBe(0)
  })

  test('follows the log only while there are subscribers', async () => {
    const log = new MemoryLog()
    let following = 0
    const counting = logWith({
      follow: async (name, follower) => {
        following++
        const unfollow = await log.follow(name, follower)
        return async () => {
          following--
          await unfollow()
        }
      },
    })
    const channel = new SseChannel({ name: 'a', log: counting })
    expect(following).toBe(0)
    const clients = [new FakeClient(), new FakeClient()] as const
    for (const { stream } of clients) await channel.subscribe(stream)
    expect(following).toBe(1)
    for (const { sink } of clients) sink.leave()
    await settle()
    expect(following).toBe(0)
  })
})

describe('SseChannel#close', () => {
  test('ends the subscriptions after what was published, and leaves the streams open', async () => {
    const channel = new SseChannel()
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    void channel.publish({ data: 'last' })
    await channel.close()
    expect(client.data).toEqual(['last'])
    expect(client.stream.state).toBe('open')
    expect(channel.size).toBe(0)
  })

  test('is done once, and refuses what comes after it with ERR_SSE_CLOSED', async () => {
    const channel = new SseChannel()
    const closed = [channel.close(), channel.close(), channel[Symbol.asyncDispose]()]
    const closing = { code: 'ERR_SSE_CLOSED' }
    await expect(channel.publish({ data: '' })).rejects.toMatchObject(closing)
    await expect(channel.subscribe(new FakeClient().stream)).rejects.toMatchObject(closing)
    await Promise.all(closed)
  })

  test('waits for what is being appended, and delivers it', async () => {
    const log = new MemoryLog()
    let appendNow = () => {}
    const slow = logWith({
      append: async (...args) => {
        await new Promise<void>((resolve) => {
          appendNow = resolve
        })
        return log.append(...args)
      },
      follow: log.follow.bind(log),
    })
    const channel = new SseChannel({ name: 'a', log: slow })
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    const published = channel.publish({ data: 'on its way' })
    const closed = channel.close()
    await settle()
    appendNow()
    await published
    await closed
    expect(client.data).toEqual(['on its way'])
  })

  test('does not wait for a log that never begins to tell', async () => {
    const log = logWith({ follow: () => new Promise(() => {}) })
    const channel = new SseChannel({ name: 'a', log })
    const subscribed = channel.subscribe(new FakeClient().stream)
    await channel.close()
    await subscribed
  })

  test('leaves a log that it was given open', async () => {
    const close = vi.fn(async () => {})
    await new SseChannel({ name: 'a', log: logWith({ close }) }).close()
    expect(close).not.toHaveBeenCalled()
  })
})

describe('the options of SseChannel', () => {
  test.each([
    [null, /the options to be an object/],
    [{ name: 5 }, /`name` to be a string/],
    [{ log: new MemoryLog() }, /`name` to be a string, with a log that is given, got undefined/],
    [{ name: 'a', log: {} }, /`log` to be an EventLog/],
    [{ history: 5 }, /`history` to be an object/],
    [{ history: { maxEvents: -1 } }, /`maxEvents` to be an integer from 0 to/],
    [{ history: { maxBytes: 0 } }, /`maxBytes` to be an integer from 1 to/],
    [{ history: { maxAgeMs: '1' } }, /`maxAgeMs` to be an integer from 1 to/],
    [{ gapEvent: 'a\nb' }, /`gapEvent` to be one line of text or false, got "a\\nb"/],
    [{ gapEvent: '' }, /`gapEvent` to be one line/],
    [{ gapEvent: true }, /`gapEvent` to be one line/],
    [{ history: [] }, /`history` to be an object, got an instance of Array/],
    [{ snapshot: [] }, /`snapshot` to be a function/],
    [{ onError: {} }, /`onError` to be a function/],
  ])('refuses %o', (options, message) => {
    expect(() => new SseChannel(options as never)).toThrow(message)
  })
})
