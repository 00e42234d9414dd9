// Closing all streams of a process, so that its server can close.

import http, { createServer } from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStream } from '../src/adapters/node.js'
import { closeAllStreams, SseStream, streamStats } from '../src/index.js'
import { FakeSink } from './fake-sink.js'

function open() {
  const sink = new FakeSink()
  return { sink, stream: new SseStream(sink, { heartbeatMs: false }) }
}

const retryOf = (sink: FakeSink) => Number(/^retry: (\d+)$/m.exec(sink.text)?.[1])

describe('closeAllStreams', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('ends every stream with the reason shutdown and gives their number', async () => {
    const opened = Array.from({ length: 50 }, open)
    const closing = closeAllStreams()
    await vi.runAllTimersAsync()
    expect(await closing).toBe(50)
    for (const { stream, sink } of opened) {
      expect(await stream.closed).toEqual({ reason: 'shutdown' })
      expect(sink.isEnded).toBe(true)
    }
  })

  test('gives 0 when there is none', async () => {
    const closing = closeAllStreams({ withinMs: 0 })
    await vi.runAllTimersAsync()
    expect(await closing).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('gives each client its own retry from the range, with the farewell', async () => {
    const opened = Array.from({ length: 100 }, open)
    const closing = closeAllStreams({
      retryMs: [2_000, 9_000],
      farewell: { event: 'restart', data: 'soon' },
    })
    await vi.runAllTimersAsync()
    await closing
    const retries = opened.map(({ sink }) => retryOf(sink))
    for (const { sink } of opened) {
      expect(sink.text).toMatch(/^event: restart\nretry: \d+\ndata: soon\n\n$/)
    }
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(2_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(9_000)
    expect(new Set(retries).size).toBeGreaterThan(80)
  })

  test('gives all the same retry when it is one number', async () => {
    const { sink } = open()
    const closing = closeAllStreams({ retryMs: 7 })
    await vi.runAllTimersAsync()
    await closing
    expect(sink.text).toBe('retry: 7\n\n')
  })

  test('spreads the ends over four fifths of the time, in no order', async () => {
    const opened = Array.from({ length: 100 }, open)
    const endedAtMs: number[] = []
    for (const { stream } of opened) {
      void stream.closed.then(() => endedAtMs.push(performance.now() - startMs))
    }
    const startMs = performance.now()
    const closing = closeAllStreams({ withinMs: 10_000 })
    await vi.runAllTimersAsync()
    await closing
    for (let second = 0; second < 8; second++) {
      const within = endedAtMs.filter((ms) => ms >= second * 1_000 && ms < (second + 1) * 1_000)
      expect(within.length).toBeGreaterThan(8)
      expect(within.length).toBeLessThan(18)
    }
    expect(Math.max(...endedAtMs)).toBeLessThanOrEqual(8_000)
  })

  test('cuts those that do not read when the time is over, and not before', async () => {
    const { sink, stream } = open()
    const reading = open()
    sink.isSlow = true
    stream.send({ data: 'x' })
    const closing = closeAllStreams({ withinMs: 2_000 })
    await vi.advanceTimersByTimeAsync(1_999)
    expect(reading.stream.state).toBe('closed')
    expect(stream.state).toBe('ending')
    await vi.advanceTimersByTimeAsync(1)
    expect(await closing).toBe(2)
    expect(await stream.closed).toEqual({ reason: 'shutdown' })
    expect(sink.isDestroyed).toBe(true)
  })

  test('gives a client that reads a moment to take its farewell even with withinMs 0', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: 'x' })
    const closing = closeAllStreams({ withinMs: 0, retryMs: 5 })
    await vi.advanceTimersByTimeAsync(100)
    sink.drain()
    await closing
    expect(sink.text).toBe('data: x\n\nretry: 5\n\n')
    expect(await stream.closed).toEqual({ reason: 'shutdown' })
    expect(sink.isDestroyed).toBe(false)
  })

  test('ends streams that open while it runs', async () => {
    open()
    const other = open()
    const closing = closeAllStreams({ withinMs: 1_000 })
    await vi.advanceTimersByTimeAsync(100)
    const late = open()
    expect(late.stream.state).not.toBe('open')
    await vi.runAllTimersAsync()
    expect(await closing).toBe(3)
    expect(await late.stream.closed).toEqual({ reason: 'shutdown' })
    expect(other.stream.state).toBe('closed')
    // And not those that open after it.
    const after = open()
    expect(after.stream.state).toBe('open')
    after.stream.destroy()
  })

  test('comes to its end though clients return at once', async () => {
    vi.useRealTimers()
    let opened = 0
    let isOver = false
    const returning = () => {
      opened++
      const sink = new FakeSink()
      sink.isSlow = true
      const stream = new SseStream(sink, { heartbeatMs: false })
      const leave = () => {
        setImmediate(() => isOver || returning())
        setTimeout(() => sink.drain(), 5)
      }
      // Those that open during the shutdown are ended as they open.
      if (stream.signal.aborted) leave()
      else stream.signal.addEventListener('abort', leave)
    }
    returning()
    expect(await closeAllStreams({ withinMs: 0 })).toBeGreaterThan(1)
    isOver = true
    expect(opened).toBeGreaterThan(1)
    await closeAllStreams({ withinMs: 0 })
  })

  test('does not count a client that left before its turn came', async () => {
    const opened = [open(), open()]
    const closing = closeAllStreams({ withinMs: 1_000 })
    await vi.advanceTimersByTimeAsync(1)
    for (const { sink, stream } of opened) if (stream.state === 'open') sink.leave()
    await vi.runAllTimersAsync()
    expect(await closing).toBe(1)
  })

  test.each<[string, object]>([
    ['withinMs -1', { withinMs: -1 }],
    ['retryMs [5, 1]', { retryMs: [5, 1] }],
    ['retryMs [1]', { retryMs: [1] }],
    ['retryMs "1"', { retryMs: '1' }],
    ['options that are none', 5_000 as never],
    ['a farewell that cannot be sent', { farewell: { event: 'a\nb' } }],
  ])('rejects %s before it touches a stream', async (_what, options) => {
    const { stream } = open()
    await expect(closeAllStreams(options)).rejects.toThrow(/^Expected /)
    expect(stream.state).toBe('open')
    stream.destroy()
  })
})

describe('server.close()', () => {
  test('finishes after closeAllStreams, with clients that read and one that does not', async () => {
    const server = createServer((req, res) => {
      const stream = openStream(req, res)
      if (req.url === '/deaf') stream.send({ data: 'x'.repeat(20_000_000) })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const reading = Array.from({ length: 5 }, async () => (await fetch(url)).text())
    const deaf = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
    const isCut = new Promise((resolve) => deaf.once('close', resolve))
    deaf.write('GET /deaf HTTP/1.1\r\nhost: a\r\n\r\n')
    await vi.waitUntil(() => streamStats().open === 6)
    const closed = new Promise((resolve) => server.close(resolve))
    expect(await closeAllStreams({ withinMs: 100, retryMs: 9 })).toBe(6)
    await closed
    expect(await Promise.all(reading)).toEqual(Array(5).fill('retry: 9\n\n'))
    deaf.on('error', () => {}).resume()
    await isCut
  })
})

describe('a server that closes', () => {
  async function listen(server: http.Server | http2.Http2Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  /** Closes as an application does, and tells how long the server took after the streams. */
  async function close(server: http.Server | http2.Http2Server) {
    const order: string[] = []
    const closed = new Promise((resolve) => server.close(resolve)).then(() => order.push('server'))
    const waited = new Promise((resolve) => setTimeout(resolve, 3_000)).then(() =>
      order.push('3 seconds'),
    )
    const count = await closeAllStreams({ withinMs: 0 })
    await Promise.race([closed, waited])
    return { count, order }
  }

  test('finishes after closeAllStreams with streams that are pipelined, each of which gets its farewell', async () => {
    const streams: SseStream[] = []
    const server = createServer((req, res) => streams.push(openStream(req, res)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (let i = 0; i < 3; i++) client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await vi.waitUntil(() => streams.length === 3)
    const closed = new Promise((resolve) => server.close(resolve))
    const received = text(client)
    expect(await closeAllStreams({ withinMs: 0, farewell: { data: 'bye' } })).toBe(3)
    await closed
    expect((await received).match(/data: bye/g)).toHaveLength(3)
    for (const { closed } of streams) expect(await closed).toEqual({ reason: 'shutdown' })
  })

  test('does not wait for connections that a client keeps alive', async () => {
    const server = http.createServer((req, res) => void openStream(req, res))
    const port = await listen(server)
    const agent = new http.Agent({ keepAlive: true })
    const ended = Array.from(
      { length: 3 },
      () =>
        new Promise((resolve) => {
          http.get({ port, host: '127.0.0.1', agent }, (res) => res.resume().on('end', resolve))
        }),
    )
    const before = streamStats().open
    await vi.waitUntil(() => streamStats().open === before + 3)
    expect(await close(server)).toEqual({ count: 3, order: ['server'] })
    await Promise.all(ended)
    agent.destroy()
  })

  test('does not wait for HTTP/2 sessions that a client keeps', async () => {
    const server = http2.createServer((req, res) => void openStream(req, res))
    const port = await listen(server)
    const session = http2.connect(`http://127.0.0.1:${port}`)
    const bodies = [1, 2, 3].map(() => text(session.request({ ':path': '/' })))
    await vi.waitUntil(() => streamStats().open === 3)
    expect(await close(server)).toEqual({ count: 3, order: ['server'] })
    for (const body of await Promise.all(bodies)) expect(body).toMatch(/^retry: \d+\n\n$/)
    session.destroy()
  })

  test('sends a farewell that a serializer of one stream cannot take as JSON', async () => {
    const sink = new FakeSink()
    const stream = new SseStream(sink, {
      serialize: () => {
        throw new Error('not mine')
      },
    })
    await closeAllStreams({ withinMs: 0, farewell: { event: 'bye', data: { soon: true } } })
    expect(await stream.closed).toEqual({ reason: 'shutdown' })
    expect(sink.text).toContain('data: {"soon":true}')
  })
})

describe('streamStats', () => {
  test('counts streams by how they closed, events, and bytes', async () => {
    const before = streamStats()
    const { sink, stream } = open()
    stream.send({ data: '€' })
    await Promise.resolve()
    expect(streamStats()).toMatchObject({
      open: before.open + 1,
      opened: before.opened + 1,
      eventsSent: before.eventsSent + 1,
      bytesSent: before.bytesSent + 11,
    })
    sink.leave()
    const after = streamStats()
    expect(after.open).toBe(before.open)
    expect(after.closed.client).toBe(before.closed.client + 1)
  })

  test('tells what waits for slow clients now', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: 'x' })
    await Promise.resolve()
    stream.send({ data: 'y' })
    expect(streamStats().bufferedBytes).toBe(18)
    stream.destroy()
    expect(streamStats().bufferedBytes).toBe(0)
  })

  test('gives a copy', () => {
    streamStats().closed.client = -5
    expect(streamStats().closed.client).toBeGreaterThanOrEqual(0)
  })
})
