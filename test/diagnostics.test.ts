// What streams and channels tell by diagnostics channels, and when.

import { AsyncLocalStorage } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openStream } from '../src/adapters/node.js'
import { type DiagnosticsMessages, MemoryLog, SseChannel, SseStream } from '../src/index.js'
import { FakeClient, settle } from './fake-client.js'
import { FakeSink, turn } from './fake-sink.js'

type Name = keyof DiagnosticsMessages

const NAMES: Name[] = [
  'eventwire:stream:open',
  'eventwire:stream:close',
  'eventwire:stream:overflow',
  'eventwire:channel:publish',
  'eventwire:channel:gap',
  'eventwire:channel:error',
]

const unwatch: (() => void)[] = []
afterEach(() => {
  for (const stop of unwatch.splice(0)) stop()
})

function on<N extends Name>(name: N, listener: (message: DiagnosticsMessages[N]) => void) {
  const hear = (message: unknown) => listener(message as DiagnosticsMessages[N])
  diagnostics.subscribe(name, hear)
  unwatch.push(() => diagnostics.unsubscribe(name, hear))
}

/** Hears all from now on, in one order. */
function watch() {
  const heard: { name: Name; message: unknown }[] = []
  for (const name of NAMES) on(name, (message) => heard.push({ name, message }))
  return heard
}

describe('eventwire:stream:*', () => {
  test('tells that a stream opens, and how it closes', async () => {
    const heard = watch()
    const sink = new FakeSink()
    const stream = new SseStream(sink, { lastEventId: '7' })
    expect(heard).toEqual([{ name: 'eventwire:stream:open', message: { stream } }])
    sink.leave()
    expect(heard.slice(1)).toEqual([
      { name: 'eventwire:stream:close', message: { stream, reason: 'client' } },
    ])
  })

  test('tells of the error that has closed a stream', () => {
    const heard = watch()
    const stream = new SseStream(new FakeSink())
    const error = new Error('lost')
    stream.destroy(error)
    expect(heard.at(-1)).toEqual({
      name: 'eventwire:stream:close',
      message: { stream, reason: 'error', error },
    })
  })

  test('tells that a stream opens whose client had left before, then that it closes', () => {
    const heard = watch()
    const sink = new FakeSink()
    sink.attach = (listener) => listener.onClose({ reason: 'client' })
    new SseStream(sink)
    expect(heard.map(({ name }) => name)).toEqual([
      'eventwire:stream:open',
      'eventwire:stream:close',
    ])
  })

  test('gives a stream that is ready to be looked at, and to be closed', async () => {
    let seen: unknown
    on('eventwire:stream:open', ({ stream }) => {
      seen = [stream.state, stream.lastEventId, stream.bufferedBytes, stream.signal.aborted]
      stream.destroy()
    })
    const sink = new FakeSink()
    const stream = new SseStream(sink, { lastEventId: 'a' })
    expect(seen).toEqual(['open', 'a', 0, false])
    expect(await stream.closed).toEqual({ reason: 'ended' })
    expect(sink.isDestroyed).toBe(true)
  })

  test('is told of the opening in the context of the request', async () => {
    const context = new AsyncLocalStorage<string>()
    const paths: unknown[] = []
    on('eventwire:stream:open', () => paths.push(context.getStore()))
    const server = createServer((req, res) =>
      context.run(req.url as string, () => void openStream(req, res).end()),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/here`)).text()
    server.close()
    expect(paths).toEqual(['/here'])
  })

  const blocked = async (overflow: 'close' | 'drop-oldest' | 'drop-newest') => {
    const sink = new FakeSink()
    const stream = new SseStream(sink, { overflow, maxBufferedBytes: 63 })
    sink.isSlow = true
    stream.send({ data: 'first' })
    await turn()
    for (const data of ['1', '2', '3', '4', '5']) stream.send({ data })
    return stream
  }

  test('tells that a client is cut at its bound, while what waits can still be seen', async () => {
    const waiting: number[] = []
    on('eventwire:stream:overflow', ({ stream }) => waiting.push(stream.bufferedBytes))
    const heard = watch()
    const stream = await blocked('close')
    stream.send({ data: '6' })
    stream.send({ data: '7' })
    expect(heard.slice(1)).toEqual([
      { name: 'eventwire:stream:overflow', message: { stream, dropped: 0 } },
      { name: 'eventwire:stream:close', message: { stream, reason: 'overflow' } },
    ])
    expect(waiting).toEqual([13 + 5 * 9])
  })

  test.each(['drop-oldest', 'drop-newest'] as const)(
    'tells how many events are dropped under %s',
    async (overflow) => {
      const heard = watch()
      const stream = await blocked(overflow)
      expect(heard.slice(1)).toEqual([])
      stream.send({ data: '6' })
      stream.send({ data: 'of eighteen bytes' })
      const dropped = heard.slice(1).map(({ message }) => message)
      expect(dropped).toEqual(
        overflow === 'drop-oldest'
          ? [
              { stream, dropped: 1 },
              { stream, dropped: 3 },
            ]
          : [
              { stream, dropped: 1 },
              { stream, dropped: 1 },
            ],
      )
    },
  )

  test('tells of a client that is found to have taken nothing of a large turn', async () => {
    vi.useFakeTimers()
    try {
      const heard = watch()
      const sink = new FakeSink()
      sink.isSlow = true
      const stream = new SseStream(sink, { maxBufferedBytes: 10, heartbeatMs: false })
      stream.send({ data: 'x'.repeat(100) })
      await vi.advanceTimersByTimeAsync(5_000)
      expect(heard.slice(1)).toEqual([
        { name: 'eventwire:stream:overflow', message: { stream, dropped: 0 } },
        { name: 'eventwire:stream:close', message: { stream, reason: 'overflow' } },
      ])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('eventwire:channel:*', () => {
  test('tells of each event that the log has taken', async () => {
    const heard = watch()
    const channel = new SseChannel({ name: 'prices', log: new MemoryLog() })
    const id = await channel.publish({ event: 'price', data: { cents: 5 } }, { topic: 'a' })
    expect(heard).toEqual([
      {
        name: 'eventwire:channel:publish',
        message: {
          channel: 'prices',
          record: expect.objectContaining({ id, event: 'price', data: '{"cents":5}', topic: 'a' }),
        },
      },
    ])
  })

  test('tells of a gap', async () => {
    const heard = watch()
    const channel = new SseChannel({ name: 'prices', log: new MemoryLog() })
    const { stream } = new FakeClient('unknown')
    await channel.subscribe(stream)
    expect(heard.slice(1)).toEqual([
      {
        name: 'eventwire:channel:gap',
        message: { channel: 'prices', stream, lastEventId: 'unknown' },
      },
    ])
  })

  test('tells of each failure, whether there is an onError or not', async () => {
    const heard = watch()
    const log = new MemoryLog()
    log.append = () => Promise.reject(new Error('disk full'))
    const channel = new SseChannel({ name: 'prices', log })
    const error = await channel.publish({ data: '' }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'ERR_SSE_LOG' })
    expect(heard).toEqual([
      {
        name: 'eventwire:channel:error',
        message: { channel: 'prices', error, stage: 'publish' },
      },
    ])
  })

  test('gives an empty name where the channel has none', async () => {
    const names: string[] = []
    on('eventwire:channel:publish', ({ channel }) => names.push(channel))
    await new SseChannel().publish({ data: '' })
    expect(names).toEqual([''])
  })
})

describe('whoever watches', () => {
  test('disturbs nothing by throwing: Node raises it as an uncaught exception', async () => {
    const uncaught: unknown[] = []
    const hear = (error: unknown) => uncaught.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', hear)
    try {
      for (const name of NAMES) {
        on(name, () => {
          throw name
        })
      }
      const heard = watch()
      const channel = new SseChannel({ gapEvent: 'lost' })
      const client = new FakeClient('unknown', { maxBufferedBytes: 100 })
      await channel.subscribe(client.stream, {
        filter: () => {
          throw new Error('filter')
        },
      })
      await channel.publish({ data: 'seen by none' })
      const other = new FakeClient()
      await channel.subscribe(other.stream)
      await channel.publish({ data: 'seen by one' })
      await settle()
      expect(other.data).toEqual(['seen by one'])
      expect(client.events.map(({ event }) => event)).toEqual(['lost'])
      client.sink.isSlow = true
      client.stream.send({ data: 'x' })
      await turn()
      for (const data of ['x'.repeat(60), 'y'.repeat(60)]) client.stream.send({ data })
      expect(await client.stream.closed).toEqual({ reason: 'overflow' })
      await settle()
      expect(new Set(uncaught)).toEqual(new Set(NAMES))
      expect(uncaught).toHaveLength(heard.length)
    } finally {
      process.off('uncaughtException', hear)
      for (const listener of others) process.on('uncaughtException', listener)
    }
  })

  test('has a message made for it, and nobody else has', async () => {
    const asked = vi.spyOn(diagnostics, 'channel')
    try {
      const run = async () => {
        const channel = new SseChannel()
        const client = new FakeClient('unknown')
        await channel.subscribe(client.stream)
        await channel.publish({ data: '' })
        client.sink.leave()
        return asked.mock.calls.map(([name]) => name)
      }
      expect(await run()).toEqual([])
      diagnostics.subscribe('eventwire:channel:gap', ignore)
      asked.mockClear()
      expect(await run()).toEqual(['eventwire:channel:gap'])
    } finally {
      diagnostics.unsubscribe('eventwire:channel:gap', ignore)
      asked.mockRestore()
    }
  })
})

function ignore(): void {}
