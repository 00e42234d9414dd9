// Who sees which events of a channel, and that the trouble of one subscriber is not that of another.

import { describe, expect, test, vi } from 'vitest'
import { SseChannel, type SseError, type SubscribeOptions } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { tick, turn } from './fake-sink.js'

async function join(
  channel: SseChannel,
  options: SubscribeOptions<Record<string, unknown>> = {},
  lastEventId = '',
) {
  const client = new FakeClient(lastEventId)
  await channel.subscribe(client.stream, options)
  return client
}

describe('a topic', () => {
  test('is seen by those that named it; an event without one by all', async () => {
    const channel = new SseChannel()
    const start = (await join(channel)).lastEventId
    const scopes = { none: [], a: ['a'], ab: ['b', 'a'], c: ['c'] }
    const live = {} as Record<string, FakeClient>
    for (const [name, topics] of Object.entries(scopes))
      live[name] = await join(channel, { topics })
    await channel.publish({ data: 'all' })
    await channel.publish({ data: 'a' }, { topic: 'a' })
    await channel.publish({ data: 'b' }, { topic: 'b' })
    void channel.publish({ data: 'b too' }, { topic: 'b' })
    void channel.publish({ data: 'a too' }, { topic: 'a' })
    await channel.publish({ data: 'all too' })
    const seen = {
      none: ['all', 'all too'],
      a: ['all', 'a', 'a too', 'all too'],
      ab: ['all', 'a', 'b', 'b too', 'a too', 'all too'],
      c: ['all', 'all too'],
    }
    for (const [name, data] of Object.entries(seen)) {
      expect([name, live[name]?.data]).toEqual([name, data])
      const topics = scopes[name as keyof typeof scopes]
      const replayed = await join(channel, { topics }, start)
      await tick()
      expect([name, replayed.data]).toEqual([name, data])
    }
  })

  test('of many concerns its subscribers alone', async () => {
    const channel = new SseChannel()
    const clients: FakeClient[] = []
    for (let i = 0; i < 200; i++) clients.push(await join(channel, { topics: [`user-${i}`] }))
    await tick()
    const written = clients.map(({ sink }) => sink.written.length)
    await channel.publish({ data: 'for 7' }, { topic: 'user-7' })
    const grown = clients.filter(({ sink }, i) => sink.written.length > (written[i] as number))
    expect(grown).toEqual([clients[7]])
  })

  test('may be any text', async () => {
    const channel = new SseChannel()
    for (const topic of ['', '__proto__', 'constructor', 'a\nb', '["a"]', '€']) {
      const client = await join(channel, { topics: [topic] })
      await channel.publish({ data: 'seen' }, { topic })
      await channel.publish({ data: 'unseen' }, { topic: `${topic}!` })
      expect(client.data).toEqual(['seen'])
    }
  })

  test('is left by the last that named it without a trace', async () => {
    const channel = new SseChannel()
    for (let i = 0; i < 100; i++) {
      const client = await join(channel, { topics: ['a', `${i}`] })
      client.sink.leave()
    }
    const client = await join(channel, { topics: ['a'] })
    await channel.publish({ data: 'seen' }, { topic: 'a' })
    expect(client.data).toEqual(['seen'])
    expect(channel.size).toBe(1)
  })

  test('is no other because the application uses its array for something else meanwhile', async () => {
    const channel = new SseChannel()
    const start = (await join(channel)).lastEventId
    await channel.publish({ data: 'a' }, { topic: 'a' })
    await channel.publish({ data: 'b' }, { topic: 'b' })
    const client = new FakeClient(start)
    const topics = ['a']
    const subscribed = channel.subscribe(client.stream, { topics })
    topics.push('b')
    await subscribed
    await channel.publish({ data: 'b too' }, { topic: 'b' })
    await tick()
    expect(client.data).toEqual(['a'])
  })
})

describe('a filter', () => {
  const even = ({ data }: { data?: unknown }) => (data as number) % 2 === 0

  test('sees what the client is to get, the same live and replayed', async () => {
    const channel = new SseChannel()
    const start = (await join(channel)).lastEventId
    const seen: unknown[][] = [[], []]
    const data = { at: new Date(0), left: undefined }
    await join(channel, { filter: (event) => Boolean(seen[0]?.push(event)) })
    const id = await channel.publish({ event: 'e', data, comment: 'c' })
    const textId = await channel.publish({ data: '{"text":true}' })
    await join(channel, { filter: (event) => Boolean(seen[1]?.push(event)) }, start)
    expect(seen[0]).toEqual([
      { event: 'e', data: { at: '1970-01-01T00:00:00.000Z' }, comment: 'c', id },
      { data: '{"text":true}', id: textId },
    ])
    expect(seen[1]).toEqual(seen[0])
  })

  test('reads what a serializer of the application wrote by its deserializer', async () => {
    const channel = new SseChannel({
      serialize: (data) => `n${String(data)}`,
      deserialize: (text) => BigInt(text.slice(1)),
    })
    const client = await join(channel, { filter: ({ data }) => (data as bigint) > 5n })
    await channel.publish({ data: 5n })
    await channel.publish({ data: 6n })
    expect(client.data).toEqual(['n6'])
  })

  test('holds for live events, for the history and for a snapshot, but not for the gap', async () => {
    const channel = new SseChannel({
      history: { maxEvents: 4 },
      snapshot: ({ topics }) => (topics?.includes('snapshot') ? [{ data: 1 }, { data: 2 }] : []),
    })
    const start = (await join(channel)).lastEventId
    for (let data = 0; data < 4; data++) await channel.publish({ data })
    const resumed = await join(channel, { filter: even }, start)
    await channel.publish({ data: 4 })
    await channel.publish({ data: 5 })
    expect(resumed.data).toEqual(['0', '2', '4'])
    const gap = await join(channel, { filter: even, topics: ['snapshot'] }, start)
    await tick()
    expect(gap.events.map(({ event, data }) => [event, data])).toEqual([
      ['gap', JSON.stringify({ lastEventId: start })],
      ['message', '2'],
    ])
    // The id goes with the last that it lets through.
    expect(gap.lastEventId).not.toBe(start)
  })

  test('that fails is reported, counts as false, and neither delays nor stops another', async () => {
    const failures: [SseError, string][] = []
    const channel = new SseChannel({
      onError: (error, { stage }) => {
        failures.push([error, stage])
        throw new Error('of the listener')
      },
    })
    const start = (await join(channel)).lastEventId
    const cause = new Error('of the filter')
    const filter = () => {
      throw cause
    }
    const failing = await join(channel, { filter })
    const other = await join(channel)
    await channel.publish({ data: '1' })
    expect(failing.events).toEqual([])
    expect(other.data).toEqual(['1'])
    expect(failures).toEqual([
      [expect.objectContaining({ code: 'ERR_SSE_FILTER', cause }), 'filter'],
    ])
    const replayed = await join(channel, { filter }, start)
    await settle()
    expect(replayed.events).toEqual([])
    expect(failures).toHaveLength(2)
  })

  test('that gives a promise is reported, and lets nothing through', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const codes: string[] = []
    const channel = new SseChannel({ onError: ({ code }) => codes.push(code) })
    const promising = await join(channel, { filter: (async () => true) as never })
    const rejecting = await join(channel, { filter: (() => Promise.reject(new Error())) as never })
    await channel.publish({ data: 'secret' })
    await turn()
    process.removeListener('unhandledRejection', unhandled)
    for (const client of [promising, rejecting]) expect(client.events).toEqual([])
    expect(codes).toEqual(['ERR_SSE_FILTER', 'ERR_SSE_FILTER'])
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('that subscribes another does not have it get the event that it is asked about', async () => {
    const channel = new SseChannel()
    const late: FakeClient[] = []
    // Audiences of the kind that the newcomer will be, before and after the one with the filter.
    await join(channel, { topics: ['a'] })
    await join(channel, {
      filter: () => {
        for (const topics of [['a'], ['b'], []]) {
          const client = new FakeClient()
          late.push(client)
          void channel.subscribe(client.stream, { topics })
        }
        return true
      },
    })
    await join(channel, { topics: ['b'] })
    await join(channel)
    const id = await channel.publish({ data: 'first' })
    await settle()
    expect(late.map(({ data }) => data)).toEqual([[], [], []])
    expect(late.map(({ lastEventId }) => lastEventId)).toEqual([id, id, id])
    const [one] = late
    await channel.publish({ data: 'for a' }, { topic: 'a' })
    expect(one?.data).toEqual(['for a'])
  })

  test('that publishes, subscribes and unsubscribes leaves the order as it was', async () => {
    const channel = new SseChannel()
    const first = await join(channel)
    const late: FakeClient[] = []
    let published = 0
    const meddler = await join(channel, {
      filter: () => {
        if (published++ < 3) void channel.publish({ data: `by the filter ${published}` })
        const client = new FakeClient()
        late.push(client)
        void channel.subscribe(client.stream)
        return true
      },
    })
    const last = await join(channel)
    await channel.publish({ data: 'first' })
    await settle()
    const all = ['first', 'by the filter 1', 'by the filter 2', 'by the filter 3']
    for (const client of [first, meddler, last]) expect(client.data).toEqual(all)
    // Whoever came while an event was on its way did not get that one, and all after it.
    for (const [index, client] of late.entries()) expect(client.data).toEqual(all.slice(index + 1))
  })
})

describe('one subscriber’s trouble', () => {
  test('with a full backlog, a failing sink or its end is not another’s', async () => {
    const channel = new SseChannel()
    const full = new FakeClient('', { maxBufferedBytes: 1_000 })
    const failing = new FakeClient()
    const leaving = new FakeClient()
    const before = await join(channel)
    for (const { stream } of [full, failing, leaving]) await channel.subscribe(stream)
    const after = await join(channel)
    await tick()
    full.sink.isSlow = true
    vi.spyOn(failing.sink, 'write').mockImplementation(() => {
      throw new Error('broken')
    })
    await channel.publish({ data: 'x'.repeat(600) })
    leaving.sink.leave()
    await turn()
    await channel.publish({ data: 'x'.repeat(600) })
    await channel.publish({ data: 'x'.repeat(600) })
    expect((await full.stream.closed).reason).toBe('overflow')
    expect((await failing.stream.closed).reason).toBe('error')
    expect((await leaving.stream.closed).reason).toBe('client')
    for (const client of [before, after]) expect(client.events).toHaveLength(3)
    expect(channel.size).toBe(2)
  })

  test('heard by its signal, at once, may end or bring others without a change of order', async () => {
    const channel = new SseChannel()
    const full = new FakeClient('', { maxBufferedBytes: 300 })
    const client = await join(channel)
    await channel.subscribe(full.stream)
    const last = await join(channel)
    await tick()
    const newcomer = new FakeClient()
    full.stream.signal.addEventListener('abort', () => {
      void channel.publish({ data: 'about the end' })
      void channel.subscribe(newcomer.stream)
      void channel.publish({ data: 'after it' })
    })
    full.sink.isSlow = true
    await channel.publish({ data: '1' })
    await turn()
    void channel.publish({ data: 'x'.repeat(200) })
    await turn()
    void channel.publish({ data: 'y'.repeat(200) })
    await settle()
    expect(full.stream.state).toBe('closed')
    for (const { data } of [client, last]) {
      expect(data).toEqual(['1', 'x'.repeat(200), 'y'.repeat(200), 'about the end', 'after it'])
    }
    expect(newcomer.data).toEqual(['after it'])
  })
})

describe('conflation on a channel', () => {
  test('puts an event in its place without its id, which follows what is left waiting', async () => {
    const channel = new SseChannel()
    const client = await join(channel)
    await tick()
    client.sink.isSlow = true
    const ids = [await channel.publish({ data: 'taken' })]
    await turn()
    for (const [data, conflate] of [
      ['a1', 'a'],
      ['b1', 'b'],
      ['text', undefined],
      ['a2', 'a'],
      ['b2', 'b'],
    ] as const) {
      ids.push(await channel.publish({ data }, { conflate }))
    }
    client.sink.drain()
    await tick()
    expect(client.events).toEqual([
      { event: 'message', data: 'taken', id: ids[0] },
      { event: 'message', data: 'a2', id: undefined },
      { event: 'message', data: 'b2', id: undefined },
      { event: 'message', data: 'text', id: ids[3] },
    ])
    expect(client.lastEventId).toBe(ids[5])
    // The next event has its own.
    ids.push(await channel.publish({ data: 'next' }, { conflate: 'a' }))
    expect(client.events.at(-1)?.id).toBe(ids[6])
  })

  test('misses nothing, wherever the connection breaks', async () => {
    const channel = new SseChannel()
    const client = await join(channel)
    await tick()
    client.sink.isSlow = true
    await channel.publish({ data: 'taken' })
    await turn()
    const published = ['a1', 'text 1', 'b1', 'a2', 'text 2', 'b2', 'a3']
    for (const data of published) {
      const conflate = data.startsWith('text') ? undefined : data[0]
      await channel.publish({ data }, { conflate })
    }
    client.sink.drain()
    await tick()
    const { text } = client.sink
    for (let cut = text.indexOf('taken') + 'taken\n\n'.length; cut <= text.length; cut++) {
      const seen = text.slice(0, cut).match(/(?<=data: ).*(?=\n\n)/g) ?? []
      const again = await join(channel, {}, client.lastEventIdAfter(cut))
      await tick()
      const all = [...seen, ...again.data]
      expect(all.filter((data) => data.startsWith('text'))).toEqual(['text 1', 'text 2'])
      expect(all.filter((data) => data.startsWith('a')).at(-1)).toBe('a3')
      expect(all.filter((data) => data.startsWith('b')).at(-1)).toBe('b2')
    }
  })
})
