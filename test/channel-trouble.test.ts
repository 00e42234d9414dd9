// A channel whose streams end, stall or are flooded in the middle of a delivery.

import { describe, expect, test } from 'vitest'
import { SseChannel } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { FakeSink, tick, turn } from './fake-sink.js'

describe('a channel in trouble', () => {
  /** A client whose connection is cut for its backlog at the second of these events, and what is done then. */
  async function overflowing(channel: SseChannel, then: () => void) {
    const full = new FakeClient('', { maxBufferedBytes: 300 })
    await channel.subscribe(full.stream)
    await tick()
    full.sink.isSlow = true
    full.stream.signal.addEventListener('abort', then)
    await channel.publish({ data: '1' })
    await turn()
    await channel.publish({ data: '2'.repeat(200) })
    await turn()
    return full
  }

  test('gives a stream all that was published before it is ended, or unsubscribed, in the middle of a delivery', async () => {
    const channel = new SseChannel()
    const ended = new FakeClient()
    const unsubscribed = new FakeClient()
    const last = new FakeClient()
    const subscriptions: { unsubscribe(): void }[] = []
    const full = await overflowing(channel, () => {
      void ended.stream.end({ data: 'farewell' })
      subscriptions[1]?.unsubscribe()
    })
    for (const { stream } of [ended, unsubscribed, last]) {
      subscriptions.push(await channel.subscribe(stream))
    }
    await channel.publish({ data: '3'.repeat(200) })
    await settle()
    expect(full.stream.state).toBe('closed')
    expect(ended.data).toEqual(['3'.repeat(200), 'farewell'])
    expect(unsubscribed.data).toEqual(['3'.repeat(200)])
    await channel.publish({ data: '4' })
    expect(unsubscribed.data).toHaveLength(1)
    expect(last.data).toEqual(['3'.repeat(200), '4'])
  })

  test('does not keep a stream that is closed while it subscribes', async () => {
    const channel = new SseChannel()
    const other = new FakeClient()
    const full = await overflowing(channel, () => other.stream.destroy())
    void channel.publish({ data: '3'.repeat(200) })
    // What is on its way is delivered first, and cuts the one, who cuts the other.
    await channel.subscribe(other.stream)
    expect([full.stream.state, other.stream.state]).toEqual(['closed', 'closed'])
    expect(channel.size).toBe(0)
  })

  test('sends a tick of any size, in chunks, and goes on', async () => {
    const channel = new SseChannel({ history: false })
    const client = new FakeClient()
    await channel.subscribe(client.stream)
    const data = 'x'.repeat(1_000_000)
    for (let i = 0; i < 600; i++) {
      void channel.publish({ data })
      // The test need not hold what the client got.
      client.sink.written.length = 0
    }
    await channel.publish({ data: 'after it' })
    expect(client.sink.text).toContain('data: after it\n\n')
  })

  test('keeps the conflation keys of channels, and those of the stream, apart', async () => {
    const [orders, jobs] = [new SseChannel(), new SseChannel()]
    const client = new FakeClient()
    await orders.subscribe(client.stream)
    await jobs.subscribe(client.stream, { resumable: false })
    await tick()
    client.sink.isSlow = true
    client.stream.send({ data: 'taken' })
    await turn()
    await orders.publish({ data: 'order' }, { conflate: '7' })
    await jobs.publish({ data: 'job' }, { conflate: '7' })
    client.stream.send({ data: 'sent' }, { conflate: '7' })
    client.sink.drain()
    await tick()
    expect(client.data).toEqual(['taken', 'order', 'job', 'sent'])
  })

  test('goes on where a stream that had unsubscribed stopped', async () => {
    const channel = new SseChannel()
    const first = await channel.publish({ data: '0' })
    await channel.publish({ data: '1' })
    const client = new FakeClient(first)
    const subscription = await channel.subscribe(client.stream)
    await channel.publish({ data: '2' })
    subscription.unsubscribe()
    await channel.publish({ data: '3' })
    await channel.publish({ data: 'a' }, { topic: 'a' })
    const again = await channel.subscribe(client.stream, { topics: ['a'] })
    await tick()
    expect(again).toMatchObject({ resume: 'resumed', replayed: 2 })
    expect(client.data).toEqual(['1', '2', '3', 'a'])
  })
})

describe('a stream on a channel', () => {
  test('takes what is published while its client is slow within its bound, and is cut beyond it', async () => {
    const channel = new SseChannel()
    const slow = new FakeClient('', { maxBufferedBytes: 10_000 })
    const quick = new FakeClient()
    for (const { stream } of [slow, quick]) await channel.subscribe(stream)
    await tick()
    slow.sink.isSlow = true
    for (let i = 0; i < 20; i++) {
      await channel.publish({ data: 'x'.repeat(1_000) })
      await turn()
    }
    expect(await slow.stream.closed).toMatchObject({ reason: 'overflow' })
    expect(quick.events).toHaveLength(20)
    expect(channel.size).toBe(1)
  })

  test('shares a large chunk among its clients, piece by piece', async () => {
    const channel = new SseChannel()
    const chunks: Uint8Array[] = []
    class CollectingSink extends FakeSink {
      override write(chunk: string | Uint8Array): boolean {
        if (typeof chunk !== 'string') chunks.push(chunk)
        return super.write(chunk)
      }
    }
    const { SseStream } = await import('../src/index.js')
    const sinks = [new CollectingSink(), new CollectingSink()]
    for (const sink of sinks) await channel.subscribe(new SseStream(sink))
    const data = 'ä'.repeat(100_000)
    await channel.publish({ data })
    for (const sink of sinks) expect(sink.text).toContain(data)
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1)
  })
})
