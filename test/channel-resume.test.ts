// What a client that comes back to a channel gets.

import { describe, expect, test, vi } from 'vitest'
import { SseChannel, streamStats } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { turn } from './fake-sink.js'
import { channelWith, join, numbers } from './returning-client.js'

describe('a client that comes back', () => {
  test('gets exactly what came after its last event, whichever that was', async () => {
    // 8, 9, 10, 11: ids that sort otherwise as strings.
    const { channel, ids } = await channelWith(numbers(12))
    for (const [index, id] of ids.entries()) {
      const { client, subscription } = await join(channel, id)
      expect(client.data).toEqual(numbers(12).slice(index + 1))
      expect(client.events.map((event) => event.id)).toEqual(ids.slice(index + 1))
      expect(subscription).toMatchObject({ resume: 'resumed', replayed: 11 - index })
    }
  })

  test('then gets what is published, once', async () => {
    const { channel, ids } = await channelWith(['0', '1'])
    const before = streamStats().replayed
    const { client } = await join(channel, ids[0])
    await channel.publish({ data: '2' })
    expect(streamStats().replayed - before).toBe(1)
    expect(client.data).toEqual(['1', '2'])
  })

  test('gets nothing, and no gap, with the newest id', async () => {
    const { channel, ids } = await channelWith(['0', '1'])
    const { client, subscription } = await join(channel, ids[1])
    expect(client.sink.text).toBe('')
    expect(subscription).toMatchObject({ resume: 'resumed', replayed: 0 })
  })

  test('resumes from a connection on which it saw no event', async () => {
    const { channel } = await channelWith(['before'])
    const first = await join(channel)
    expect(first.client.events).toEqual([])
    first.client.sink.leave()
    await channel.publish({ data: 'missed' })
    const { client, subscription } = await join(channel, first.client.lastEventId)
    expect(client.data).toEqual(['missed'])
    expect(subscription.resume).toBe('resumed')
  })

  test('resumes an empty channel', async () => {
    const channel = new SseChannel()
    const first = await join(channel)
    const { subscription } = await join(channel, first.client.lastEventId)
    expect(subscription).toMatchObject({ resume: 'resumed', replayed: 0 })
  })

  test('has the last event id that the subscription is given, rather than the stream’s', async () => {
    const { channel, ids } = await channelWith(['0', '1', '2'])
    const { client } = await join(channel, ids[0], { lastEventId: ids[1] })
    expect(client.data).toEqual(['2'])
    const fresh = await join(channel, ids[0], { lastEventId: '' })
    expect(fresh.subscription.resume).toBe('fresh')
  })

  test('is given history no faster than it takes it, beyond the bound of its stream', async () => {
    const data = numbers(200).map((text) => text.padEnd(1_000, '.'))
    const { channel, ids } = await channelWith(['first', ...data])
    const client = new FakeClient(ids[0], { maxBufferedBytes: 10_000 })
    client.sink.isSlow = true
    const subscribed = channel.subscribe(client.stream)
    const held: number[] = []
    while (client.events.length < 200) {
      await settle()
      held.push(client.stream.bufferedBytes)
      client.sink.take()
    }
    await subscribed
    expect(client.data).toEqual(data)
    expect(held.length).toBeGreaterThan(2)
    expect(Math.max(...held)).toBeLessThan(140_000)
  })

  test('gets what was published while it slowly read the history, in order', async () => {
    const { channel, ids } = await channelWith(['first'])
    for (const text of numbers(300)) await channel.publish({ data: text.padEnd(1_000, '.') })
    const client = new FakeClient(ids[0])
    client.sink.isSlow = true
    const subscribed = channel.subscribe(client.stream)
    for (let i = 300; i < 330; i++) {
      await channel.publish({ data: `${i}` })
      await turn()
      client.sink.take()
    }
    client.sink.drain()
    expect(await subscribed).toMatchObject({ resume: 'resumed' })
    await settle()
    expect(client.data.map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: 330 }, (_, i) => i),
    )
  })

  test('gets what a filter publishes while it is about to be live, however much that is', async () => {
    const { channel, ids } = await channelWith(['first'], { history: { maxBytes: 10_000_000 } })
    const client = new FakeClient(ids[0])
    let isDone = false
    const subscribed = channel.subscribe(client.stream, {
      filter: ({ data }) => {
        if (data === 'late' && !isDone) {
          isDone = true
          void channel.publish({ data: 'B'.repeat(700_000) })
          void channel.publish({ data: 'B'.repeat(700_000) })
          void channel.publish({ data: 'after' })
        }
        return true
      },
    })
    void channel.publish({ data: 'late' })
    void channel.publish({ data: 'later' })
    await subscribed
    await channel.publish({ data: 'live' })
    await settle()
    expect(client.events.map(({ id }) => Number(id?.split('-')[1]))).toEqual([2, 3, 4, 5, 6, 7])
  })

  test('gets all that is published while it does not read its history, up to 1 MiB, kept or not', async () => {
    const { client, subscribed } = await stalledWhile({ published: 9 })
    client.sink.drain()
    expect(await subscribed).toMatchObject({ resume: 'resumed' })
    await settle()
    expect(client.data.map((text) => text.length)).toEqual([
      ...Array(200).fill(1_000),
      ...Array(9).fill(100_000),
    ])
  })

  test('is held no more than that, and then gets what is kept', async () => {
    const { client, subscribed } = await stalledWhile({ published: 50 })
    client.sink.drain()
    expect(await subscribed).toMatchObject({ resume: 'gap' })
    await settle()
    // The history reaches back to three of them.
    expect(client.events.map(({ event, data }) => (event === 'gap' ? event : data.length))).toEqual(
      [...Array(200).fill(1_000), 'gap', ...Array(3).fill(100_000)],
    )
  })

  /** A client that has begun to read a history, and waits, while so many events of 100,000 bytes are published. */
  async function stalledWhile({ published }: { published: number }) {
    const { channel, ids } = await channelWith(['first'], { history: { maxBytes: 310_000 } })
    for (let i = 0; i < 200; i++) await channel.publish({ data: 'x'.repeat(1_000) })
    const client = new FakeClient(ids[0])
    client.sink.isSlow = true
    const subscribed = channel.subscribe(client.stream)
    await settle()
    for (let i = 0; i < published; i++) await channel.publish({ data: 'y'.repeat(100_000) })
    await settle()
    expect(client.stream.state).toBe('open')
    return { client, subscribed }
  }

  // It waited for the client to read, for which nobody else waits any more.
  test('stops where it is when a filter closes the channel, though it does not read', async () => {
    const { channel, ids } = await channelWith(['first', 'x'.repeat(100_000), 'last'])
    const client = new FakeClient(ids[0])
    client.sink.isSlow = true
    let closed: Promise<void> | undefined
    await channel.subscribe(client.stream, {
      filter: () => {
        closed = channel.close()
        return true
      },
    })
    await closed
    client.sink.drain()
    await settle()
    expect(client.data.map((text) => text.length)).toEqual([100_000])
    expect(client.stream.state).toBe('open')
  })
})

describe('a client that missed something', () => {
  const evicting = { history: { maxEvents: 3 } }

  test('is told so, then gets what is still kept, from which it resumes', async () => {
    const { channel, ids } = await channelWith(numbers(6), evicting)
    const before = streamStats().gaps
    const { client, subscription } = await join(channel, ids[0])
    expect(client.events).toEqual([
      { event: 'gap', data: JSON.stringify({ lastEventId: ids[0] }), id: ids[2] },
      ...ids.slice(3).map((id, i) => ({ event: 'message', data: `${i + 3}`, id })),
    ])
    expect(subscription).toMatchObject({ resume: 'gap', replayed: 3 })
    expect(streamStats().gaps - before).toBe(1)
    // Cut right behind the gap event.
    const again = await join(channel, client.events[0]?.id)
    expect(again.client.data).toEqual(['3', '4', '5'])
    expect(again.subscription.resume).toBe('resumed')
  })

  test('is not one whose own event is gone, but nothing after it', async () => {
    const { channel, ids } = await channelWith(numbers(6), evicting)
    const { client, subscription } = await join(channel, ids[2])
    expect(client.data).toEqual(['3', '4', '5'])
    expect(subscription.resume).toBe('resumed')
  })

  test('is one with an id of another channel, of another process, or none at all', async () => {
    const { channel } = await channelWith(['0'])
    const { ids: foreign } = await channelWith(['0'])
    for (const id of [foreign[0], '0', 'x', ' ', '-', '€'.repeat(100)]) {
      const { client, subscription } = await join(channel, id)
      expect(subscription.resume).toBe('gap')
      expect(client.events[0]).toMatchObject({
        event: 'gap',
        data: JSON.stringify({ lastEventId: id }),
      })
      expect(client.data[1]).toBe('0')
    }
  })

  test('gets a placeholder for an id that is harmful to keep', async () => {
    const { channel } = await channelWith(['0'])
    for (const id of ['x'.repeat(5_000), 'a\u0000b', 'a\rb']) {
      const { client } = await join(channel, id)
      expect(client.data[0]).toBe('{"lastEventId":"invalid-last-event-id"}')
      const byOption = await join(channel, '', { lastEventId: id })
      expect(byOption.client.data[0]).toBe('{"lastEventId":"invalid-last-event-id"}')
    }
  })

  test('is told by an event of the name that was chosen, or by none', async () => {
    const renamed = await channelWith(['0'], { gapEvent: 'lost' })
    expect((await join(renamed.channel, 'x')).client.events[0]?.event).toBe('lost')
    const silent = await channelWith(['0', '1'], { gapEvent: false })
    const { client, subscription } = await join(silent.channel, 'x')
    expect(client.data).toEqual(['0', '1'])
    expect(subscription.resume).toBe('gap')
  })

  test('has an id to resume from, also where it is told by no event and nothing is kept', async () => {
    const { channel, ids } = await channelWith(['0'], { gapEvent: false, history: false })
    const { client } = await join(channel, 'x')
    expect(client.events).toEqual([])
    expect(client.lastEventId).toBe(ids[0])
  })

  test('is every one but that with the newest id, without history', async () => {
    const { channel, ids } = await channelWith(['0', '1'], { history: false })
    expect((await join(channel, ids[1])).subscription.resume).toBe('resumed')
    expect((await join(channel, ids[0])).subscription.resume).toBe('gap')
    const live = await join(channel)
    const id = await channel.publish({ data: 'live' })
    expect(live.client.events).toEqual([{ event: 'message', data: 'live', id }])
  })

  test('is told when its history goes while it slowly reads it', async () => {
    const { channel, ids } = await channelWith(
      numbers(600).map((text) => text.padEnd(500, '.')),
      { history: { maxEvents: 600, maxBytes: 100_000_000 } },
    )
    const client = new FakeClient(ids[0])
    client.sink.isSlow = true
    const subscribed = channel.subscribe(client.stream)
    await settle()
    for (let i = 600; i < 1_400; i++) await channel.publish({ data: `${i}`.padEnd(500, '.') })
    client.sink.drain()
    expect(await subscribed).toMatchObject({ resume: 'gap' })
    await settle()
    const { events } = client
    const gapAt = events.findIndex(({ event }) => event === 'gap')
    const seen = events.map(({ data }) => Number.parseInt(data, 10))
    const before = seen.slice(0, gapAt)
    const after = seen.slice(gapAt + 1)
    expect(before).toEqual(Array.from({ length: before.length }, (_, i) => i + 1))
    expect(after).toEqual(Array.from({ length: 600 }, (_, i) => i + 800))
    expect(events[gapAt]?.data).toBe(JSON.stringify({ lastEventId: events[gapAt - 1]?.id }))
  })
})

describe('a heartbeat on a channel', () => {
  test('tells a client the id behind which there is nothing for it', async () => {
    vi.useFakeTimers()
    const channel = new SseChannel({ history: { maxEvents: 3 } })
    const client = new FakeClient('', { heartbeatMs: 1_000 })
    await channel.subscribe(client.stream, { topics: ['rare'] })
    await channel.publish({ data: 'rare' }, { topic: 'rare' })
    let newest = ''
    for (let i = 0; i < 10; i++) newest = await channel.publish({ data: '' }, { topic: 'frequent' })
    await vi.advanceTimersByTimeAsync(1_000)
    vi.useRealTimers()
    expect(client.lastEventId).toBe(newest)
    expect(client.data).toEqual(['rare'])
    const { subscription } = await join(channel, client.lastEventId, { topics: ['rare'] })
    expect(subscription.resume).toBe('resumed')
  })

  test('is a mere comment for a client that knows the newest id, or gets none', async () => {
    vi.useFakeTimers()
    const channel = new SseChannel()
    const numbered = new FakeClient('', { heartbeatMs: 1_000 })
    const plain = new FakeClient('', { heartbeatMs: 1_000 })
    await channel.subscribe(numbered.stream)
    await channel.subscribe(plain.stream, { resumable: false })
    await channel.publish({ data: '' }, { topic: 'other' })
    await channel.publish({ data: '' })
    await vi.advanceTimersByTimeAsync(1_000)
    vi.useRealTimers()
    expect(numbered.sink.written.at(-1)).toBe(': \n\n')
    expect(plain.sink.written.at(-1)).toBe(': \n\n')
  })
})
