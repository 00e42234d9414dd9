// What a channel sends to those who start fresh or have missed something.

import { describe, expect, test, vi } from 'vitest'
import { SseChannel, type SseError } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { tick, turn } from './fake-sink.js'
import { channelWith, join, numbers } from './returning-client.js'

describe('a snapshot', () => {
  test('is for those who start fresh or have missed something, and for no others', async () => {
    const snapshot = vi.fn(() => [{ event: 'state', data: 'all' }])
    const { channel, ids } = await channelWith(numbers(5), { snapshot, history: { maxEvents: 2 } })
    const fresh = await join(channel)
    expect(fresh.client.events).toEqual([{ event: 'state', data: 'all', id: ids[4] }])
    const gap = await join(channel, ids[0])
    expect(gap.client.events).toEqual([
      { event: 'gap', data: JSON.stringify({ lastEventId: ids[0] }), id: undefined },
      { event: 'state', data: 'all', id: ids[4] },
    ])
    expect(gap.subscription).toMatchObject({ resume: 'gap', replayed: 0 })
    expect(snapshot).toHaveBeenCalledTimes(2)
    const resumed = await join(channel, ids[2])
    expect(resumed.client.data).toEqual(['3', '4'])
    expect(snapshot).toHaveBeenCalledTimes(2)
  })

  test('has its id on its last event, so that a client cut before that gets it anew', async () => {
    const snapshot = () => ['a', 'b', 'c'].map((data) => ({ data }))
    const { channel, ids } = await channelWith(['0'], { snapshot })
    const { client } = await join(channel)
    expect(client.events.map(({ id }) => id)).toEqual([undefined, undefined, ids[0]])
    const { text } = client.sink
    for (let cut = 0; cut < text.length; cut++) {
      expect(client.lastEventIdAfter(cut)).toBe('')
    }
    expect(client.lastEventIdAfter(text.length)).toBe(ids[0])
  })

  test('leaves an id also when it is empty', async () => {
    const { channel, ids } = await channelWith(['0'], { snapshot: () => [] })
    const { client } = await join(channel)
    expect(client.lastEventId).toBe(ids[0])
  })

  test('is made at once, so that it and what follows neither miss nor repeat anything', async () => {
    let total = 0
    const channel: SseChannel = new SseChannel({
      snapshot: () => [{ event: 'total', data: total }],
    })
    const add = (amount: number) => {
      total += amount
      void channel.publish({ data: amount })
    }
    const clients: FakeClient[] = []
    for (let i = 0; i < 50; i++) {
      add(i)
      const client = new FakeClient()
      clients.push(client)
      void channel.subscribe(client.stream)
      add(1)
      if (i % 3 === 0) await tick()
      if (i % 7 === 0) await turn()
    }
    await settle()
    for (const { events } of clients) {
      const sum = events.reduce((value, { data }) => value + Number(data), 0)
      expect(events[0]?.event).toBe('total')
      expect(sum).toBe(total)
    }
  })

  test.each([
    ['an array', () => [{ data: 'a' }, { data: 'b' }]],
    ['a promise', async () => [{ data: 'a' }, { data: 'b' }]],
    [
      'a generator',
      function* () {
        yield { data: 'a' }
        yield { data: 'b' }
      },
    ],
    [
      'an async generator',
      async function* () {
        yield { data: 'a' }
        await turn()
        yield { data: 'b' }
      },
    ],
    [
      'a promise of an async generator',
      async () =>
        (async function* () {
          yield { data: 'a' }
          yield { data: 'b' }
        })(),
    ],
  ])('may be %s; what is published meanwhile comes after it', async (_name, snapshot) => {
    const channel = new SseChannel({ snapshot })
    const client = new FakeClient()
    const subscribed = channel.subscribe(client.stream)
    await channel.publish({ data: 'live' })
    await subscribed
    await tick()
    expect(client.data).toEqual(['a', 'b', 'live'])
  })

  test('is told who asks, and by a signal that nobody does any more', async () => {
    let signal: AbortSignal | undefined
    const cleanedUp = vi.fn()
    const channel = new SseChannel({
      async *snapshot(request) {
        expect(request.topics).toEqual(['a', 'b'])
        signal = request.signal
        try {
          yield { data: 'first' }
          await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
        } finally {
          cleanedUp()
        }
      },
    })
    const client = new FakeClient()
    const subscribed = channel.subscribe(client.stream, { topics: ['b', 'a', 'b'] })
    await settle()
    expect(signal?.aborted).toBe(false)
    client.sink.leave()
    await subscribed
    await settle()
    expect(signal?.aborted).toBe(true)
    expect(cleanedUp).toHaveBeenCalled()
    expect(channel.size).toBe(0)
  })

  test('that comes too late for its client is put away', async () => {
    const { Readable } = await import('node:stream')
    for (const isInside of [true, false]) {
      const readable = Readable.from(['row'])
      let give = (_source: unknown) => {}
      const client = new FakeClient()
      const channel = new SseChannel({
        snapshot: () => {
          if (isInside) {
            client.sink.leave()
            return readable
          }
          return new Promise((resolve) => {
            give = resolve as never
          })
        },
      })
      const subscribed = channel.subscribe(client.stream)
      client.sink.leave()
      give(readable)
      await subscribed
      await settle()
      expect(readable.destroyed).toBe(true)
    }
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no state')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no state'))],
    [
      'fails on its way',
      async function* () {
        yield { data: 'half' }
        throw new Error('no state')
      },
    ],
    ['is no iterable', () => ({ data: 'one event' })],
    ['is text', () => 'text'],
    ['has an event with an id', () => [{ data: '', id: '5' }]],
    ['has an event that cannot be sent', () => [{ event: 'a\nb' }]],
  ])(
    'that %s is reported, and closes the stream so that the client tries again',
    async (_name, snapshot) => {
      const errors: SseError[] = []
      const stages: string[] = []
      const channel = new SseChannel({
        snapshot: snapshot as never,
        onError: (error, { stage }) => {
          errors.push(error)
          stages.push(stage)
        },
      })
      const client = new FakeClient()
      await channel.subscribe(client.stream)
      expect(await client.stream.closed).toEqual({ reason: 'error', error: errors[0] })
      expect(errors[0]).toMatchObject({ code: 'ERR_SSE_SNAPSHOT', cause: expect.any(Error) })
      expect(stages).toEqual(['snapshot'])
      expect(client.sink.text).not.toContain('no state')
      expect(client.lastEventId).toBe('')
      expect(channel.size).toBe(0)
    },
  )
})
