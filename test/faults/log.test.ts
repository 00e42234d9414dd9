// A log that rejects, hangs, or answers when nobody asks any more: no stream ends of it, and nothing waits for good.

import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type AnyEvents,
  type EventLog,
  MemoryLog,
  SseChannel,
  type SseChannelOptions,
  streamStats,
} from '../../src/index.js'
import { FakeClient, settle } from '../fake-client.js'

const fault = new Error('a fault of the engine')

/** A log on which each method may be held, or fail, when the test says so. */
class Engine implements EventLog {
  readonly #log = new MemoryLog()
  readonly #held: (() => void)[] = []
  /** What is to happen to which method. */
  faults: Partial<Record<'append' | 'follow' | 'since', 'rejects' | 'throws' | 'hangs'>> = {}

  append: EventLog['append'] = (...args) => this.#through('append', () => this.#log.append(...args))
  follow: EventLog['follow'] = (...args) => this.#through('follow', () => this.#log.follow(...args))
  since: EventLog['since'] = (...args) => this.#through('since', () => this.#log.since(...args))
  compare: EventLog['compare'] = (one, other) => this.#log.compare(one, other)
  close = () => this.#log.close()

  /** All that hangs goes on. */
  release(): void {
    this.faults = {}
    for (const go of this.#held.splice(0)) go()
  }

  #through<T>(method: 'append' | 'follow' | 'since', run: () => Promise<T>): Promise<T> {
    const what = this.faults[method]
    if (what === 'throws') throw fault
    if (what === 'rejects') return Promise.reject(fault)
    if (what === undefined) return run()
    return new Promise((resolve, reject) => {
      this.#held.push(() => run().then(resolve, reject))
    })
  }
}

const clients: FakeClient[] = []
const before = streamStats().open

function open(options: SseChannelOptions<AnyEvents> = {}) {
  const engine = new Engine()
  const errors: string[] = []
  const channel = new SseChannel({
    name: 'a',
    log: engine,
    onError: (error, { stage }) => errors.push(`${stage} ${error.code}`),
    ...options,
  })
  return { engine, errors, channel }
}

function visit(lastEventId?: string): FakeClient {
  const client = new FakeClient(lastEventId)
  clients.push(client)
  return client
}

afterEach(() => {
  vi.useRealTimers()
  for (const client of clients.splice(0)) client.stream.destroy()
  expect(streamStats().open).toBe(before)
})

describe('a log that does not take an event', () => {
  test.each(['rejects', 'throws'] as const)(
    'and %s, rejects the publish; those before and after it arrive',
    async (how) => {
      const { engine, errors, channel } = open()
      const client = visit()
      await channel.subscribe(client.stream)
      await channel.publish({ data: 'before' })
      engine.faults = { append: how }
      await expect(channel.publish({ data: 'lost' })).rejects.toMatchObject({
        code: 'ERR_SSE_LOG',
        cause: fault,
      })
      engine.release()
      await channel.publish({ data: 'after' })
      expect(client.data).toEqual(['before', 'after'])
      expect(errors).toEqual(['publish ERR_SSE_LOG'])
      await channel.close()
    },
  )

  test('and hangs, keeps no subscriber waiting, and its answer counts when it comes', async () => {
    const { engine, errors, channel } = open()
    const client = visit()
    await channel.subscribe(client.stream)
    engine.faults = { append: 'hangs' }
    const late = channel.publish({ data: 'late' })
    engine.faults = {}
    await channel.publish({ data: 'in time' })
    const other = visit()
    await channel.subscribe(other.stream)
    expect(client.data).toEqual(['in time'])
    engine.release()
    await late
    await settle()
    expect(client.data).toEqual(['in time', 'late'])
    expect(other.data).toEqual(['late'])
    expect(errors).toEqual([])
    await channel.close()
  })
})

describe.each(['follow', 'since'] as const)('a log whose %s', (method) => {
  /** With an id, for `since`; fresh, for `follow`. */
  async function visitor(channel: SseChannel): Promise<FakeClient> {
    const first = visit()
    await channel.subscribe(first.stream)
    await channel.publish({ data: 'seen' })
    const { lastEventId } = first
    first.sink.leave()
    await channel.publish({ data: 'missed' })
    return visit(method === 'since' ? lastEventId : '')
  }

  test.each(['rejects', 'throws'] as const)(
    '%s is asked again until it answers, the stream open',
    async (how) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
      const { engine, errors, channel } = open()
      const client = await visitor(channel)
      engine.faults = { [method]: how }
      const subscribing = channel.subscribe(client.stream)
      await vi.advanceTimersByTimeAsync(10_000)
      expect(errors).toEqual(Array(4).fill('log ERR_SSE_LOG'))
      expect(client.stream.state).toBe('open')
      engine.release()
      await vi.advanceTimersByTimeAsync(16_000)
      await subscribing
      await channel.publish({ data: 'after' })
      expect(client.data).toEqual(method === 'since' ? ['missed', 'after'] : ['after'])
      await channel.close()
    },
  )

  test('hangs keeps nobody who leaves, nor the channel’s close', async () => {
    const { engine, channel } = open()
    const client = await visitor(channel)
    engine.faults = { [method]: 'hangs' }
    const subscribing = channel.subscribe(client.stream)
    await settle()
    client.sink.leave()
    await subscribing
    expect(channel.size).toBe(0)
    const staying = visit('unknown')
    const waiting = channel.subscribe(staying.stream)
    await channel.close()
    await waiting
    expect(staying.stream.state).toBe('open')
    // What comes now, nobody has asked for.
    engine.release()
    await settle()
    expect(staying.sink.written).toEqual([])
    expect(client.sink.isDestroyed).toBe(false)
  })

  test('answers late loses nothing of what was published meanwhile', async () => {
    const { engine, errors, channel } = open()
    const client = await visitor(channel)
    engine.faults = { [method]: 'hangs' }
    const subscribing = channel.subscribe(client.stream)
    await channel.publish({ data: 'meanwhile' })
    engine.release()
    await subscribing
    await channel.publish({ data: 'after' })
    // A fresh one begins where the log began to tell.
    expect(client.data).toEqual(method === 'since' ? ['missed', 'meanwhile', 'after'] : ['after'])
    expect(errors).toEqual([])
    await channel.close()
  })

  test('hangs for one client does not hold up those who are live', async () => {
    const { engine, channel } = open()
    const client = await visitor(channel)
    const live = visit()
    await channel.subscribe(live.stream)
    engine.faults = { [method]: 'hangs' }
    const subscribing = channel.subscribe(client.stream)
    await channel.publish({ data: 'served' })
    expect(live.data).toEqual(['served'])
    engine.release()
    await subscribing
    await channel.close()
  })
})
