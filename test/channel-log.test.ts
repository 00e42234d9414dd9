// A channel whose log is slow, fails or starts anew.

import { describe, expect, test, vi } from 'vitest'
import { type EventLog, type LogFollower, MemoryLog, SseChannel } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { tick } from './fake-sink.js'

describe('a log that is slow or fails', () => {
  /** A log of the test’s own making on top of a MemoryLog. */
  function over(log: MemoryLog, overrides: Partial<EventLog>): EventLog {
    return {
      append: (...args) => log.append(...args),
      follow: (...args) => log.follow(...args),
      since: (...args) => log.since(...args),
      compare: (...args) => log.compare(...args),
      close: () => log.close(),
      ...overrides,
    }
  }

  test('is asked again after it has failed, the stream open meanwhile', async () => {
    vi.useFakeTimers()
    const memory = new MemoryLog()
    const failures = { follow: 2, since: 2 }
    const stages: string[] = []
    const log = over(memory, {
      follow: async (...args) => {
        if (failures.follow-- > 0) throw new Error('away')
        return memory.follow(...args)
      },
      since: async (...args) => {
        if (failures.since-- > 0) throw new Error('away')
        return memory.since(...args)
      },
    })
    const channel = new SseChannel({
      name: 'a',
      log,
      onError: (_error, { stage }) => stages.push(stage),
    })
    const first = await channel.publish({ data: '0' })
    await channel.publish({ data: '1' })
    const client = new FakeClient(first)
    const subscribed = channel.subscribe(client.stream)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await subscribed).toMatchObject({ resume: 'resumed', replayed: 1 })
    vi.useRealTimers()
    await tick()
    expect(client.data).toEqual(['1'])
    expect(stages).toEqual(['log', 'log', 'log', 'log'])
  })

  test('that starts anew has its channel ask for what was missed, and tell of a gap if it is gone', async () => {
    const memory = new MemoryLog()
    const followers: LogFollower[] = []
    const log = over(memory, {
      follow: async (_channel, follower) => {
        followers.push(follower)
        follower.start(position)
        return async () => {}
      },
    })
    const limits = { maxEvents: 3, maxBytes: 10_000, maxAgeMs: Number.POSITIVE_INFINITY }
    let position = await memory.append('a', { data: '0' }, limits)
    const channel = new SseChannel({ name: 'a', log })
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    // Appended elsewhere; what tells of it was lost.
    for (const data of ['1', '2']) position = await memory.append('a', { data }, limits)
    for (const follower of followers) follower.start(position)
    await settle()
    expect(client.data).toEqual(['1', '2'])
    for (const data of ['3', '4', '5', '6', '7']) {
      position = await memory.append('a', { data }, limits)
    }
    for (const follower of followers) follower.start(position)
    await settle()
    expect(client.events.map(({ event, data }) => [event, data]).slice(2)).toEqual([
      ['gap', expect.stringContaining('lastEventId')],
      ['message', '5'],
      ['message', '6'],
      ['message', '7'],
    ])
    expect(channel.size).toBe(1)
  })

  test('that shows records before it tells of them does not have them sent twice', async () => {
    const memory = new MemoryLog()
    let follower: LogFollower | undefined
    const log = over(memory, {
      follow: async (channel, listener) => {
        follower = listener
        return memory.follow(channel, { start: (id) => listener.start(id), next: () => {} })
      },
    })
    const channel = new SseChannel({ name: 'a', log })
    const ids = [await channel.publish({ data: '0' })]
    const client = new FakeClient(ids[0])
    const other = new FakeClient()
    await channel.subscribe(other.stream)
    for (const data of ['1', '2', '3']) ids.push(await channel.publish({ data }))
    const subscribed = channel.subscribe(client.stream)
    await settle()
    expect(client.data).toEqual(['1', '2', '3'])
    for (const [index, id] of ids.slice(1).entries()) follower?.next({ id, data: `${index + 1}` })
    await subscribed
    const id = await channel.publish({ data: '4' })
    follower?.next({ id, data: '4' })
    await tick()
    expect(client.data).toEqual(['1', '2', '3', '4'])
    expect(other.data).toEqual(['1', '2', '3', '4'])
  })
})
