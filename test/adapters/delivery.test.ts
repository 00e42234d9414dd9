// Through a proxy that holds a response until it ends: all events, in order, none lost, none twice.

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type OpenStreamOptions, openStream } from '../../src/adapters/node.js'
import { SseChannel, type SseStream } from '../../src/index.js'
import { describeInChromium } from '../browser/chromium.js'
import { startHoldingProxy } from '../proxies/holding-proxy.js'
import { readWire } from '../wire.js'
import { ask } from './client.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function listen(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts a proxy that stops with the test. */
async function bufferingProxy(upstream: string): Promise<string> {
  const { url, stop } = await startHoldingProxy(upstream)
  closing.push(stop)
  return url
}

/** Serves a channel, and counts requests. */
async function serve(channel: SseChannel, options: OpenStreamOptions, page = '') {
  const streams: SseStream[] = []
  const url = await listen((req, res) => {
    if (!req.url?.startsWith('/events')) {
      res.setHeader('content-type', 'text/html')
      res.end(page)
      return
    }
    const stream = openStream(req, res, options)
    streams.push(stream)
    void channel.subscribe(stream)
  })
  return { url, streams }
}

const EVENTS = Array.from({ length: 60 }, (_, i) => `${i}`)

/** Publishes now in bursts, now one by one, at moments that have nothing to do with the requests. */
async function publishAll(channel: SseChannel) {
  for (const [i, data] of EVENTS.entries()) {
    await channel.publish({ data })
    if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, i % 13))
  }
}

describe.each<['long-poll' | 'poll']>([['long-poll'], ['poll']])('delivery: %j', (delivery) => {
  test('brings all events, in order and once, through a proxy that holds responses', async () => {
    const channel = new SseChannel()
    const { url } = await serve(channel, { delivery })
    const proxy = await bufferingProxy(url)
    const received: string[] = []
    let lastEventId = ''
    let requests = 0
    const poll = async () => {
      const headers: Record<string, string> = lastEventId ? { 'last-event-id': lastEventId } : {}
      const answer = await ask(proxy, 'http/1.1', { path: '/events', headers })
      requests++
      const wire = await answer.whole
      for (const { data } of readWire(wire)) received.push(data)
      lastEventId = [...wire.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? lastEventId
      return wire
    }
    // The first tells where the channel is; a long poll waits with that for an event.
    const first = poll()
    if (delivery === 'poll') expect(readWire(await first)).toEqual([])
    else await vi.waitUntil(() => channel.size === 1)
    const publishing = publishAll(channel)
    await first
    while (received.length < EVENTS.length) await poll()
    await publishing
    expect(received).toEqual(EVENTS)
    expect(requests).toBeGreaterThan(2)
  })

  test('ends after all that a channel has to replay, however much that is', async () => {
    const channel = new SseChannel({ history: { maxEvents: 10_000, maxBytes: 10_000_000 } })
    const before = await channel.publish({ data: 'before' })
    const data = 'x'.repeat(1_000)
    for (let i = 0; i < 2_000; i++) await channel.publish({ data })
    const { url, streams } = await serve(channel, { delivery })
    const answer = await ask(url, 'http/1.1', {
      path: '/events',
      headers: { 'last-event-id': before },
    })
    expect(readWire(await answer.whole)).toHaveLength(2_000)
    expect(await streams[0]?.closed).toEqual({ reason: 'ended' })
  })

  test('ends after the whole snapshot, also where that takes its time', async () => {
    const channel = new SseChannel({
      async *snapshot() {
        for (let i = 0; i < 3; i++) {
          yield { data: `state ${i}` }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      },
    })
    const { url } = await serve(channel, { delivery })
    const wire = await (await ask(url, 'http/1.1', { path: '/events' })).whole
    expect(readWire(wire).map(({ data }) => data)).toEqual(['state 0', 'state 1', 'state 2'])
  })

  test('ends after what the application sends itself', async () => {
    const url = await listen((req, res) => {
      const stream = openStream(req, res, { delivery })
      stream.comment('not yet')
      stream.send({ data: '1' })
      queueMicrotask(() => stream.send({ data: '2' }))
    })
    const wire = await (await ask(url, 'http/1.1')).whole
    expect(readWire(wire).map(({ data }) => data)).toEqual(['1', '2'])
  })

  test('tells the client when to return, unless the application does', async () => {
    const url = await listen((req, res) => {
      const retryMs = req.url === '/own' ? 7 : undefined
      openStream(req, res, { delivery, retryMs }).send({ data: 'x' })
    })
    expect(await (await ask(url, 'http/1.1')).whole).toMatch(
      delivery === 'poll'
        ? /^retry: 2000\n\n: delivery=poll\n\n/
        : /^retry: 100\n\n: delivery=long-poll\n\n/,
    )
    expect(await (await ask(url, 'http/1.1', { path: '/own' })).whole).toMatch(/^retry: 7\n\n/)
  })
})

describe('delivery', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('of a long poll ends empty after 25 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    const channel = new SseChannel()
    const { url, streams } = await serve(channel, { delivery: 'long-poll' })
    const answer = await ask(url, 'http/1.1', { path: '/events' })
    await vi.waitUntil(() => channel.size === 1)
    await vi.advanceTimersByTimeAsync(24_000)
    expect(streams[0]?.state).toBe('open')
    await vi.advanceTimersByTimeAsync(1_001)
    expect(readWire(await answer.whole)).toEqual([])
    expect(await streams[0]?.closed).toEqual({ reason: 'ended' })
  })

  test('is that of the query where it is "auto"', async () => {
    const channel = new SseChannel()
    const { url, streams } = await serve(channel, { delivery: 'auto' })
    const streaming = await ask(url, 'http/1.1', { path: '/events' })
    // Something at once: a client that gets nothing knows that the way is blocked.
    await streaming.has(': \n\n')
    await channel.publish({ data: 'live' })
    await streaming.has('data: live\n\n')
    expect(streams[0]?.state).toBe('open')
    const id = await channel.publish({ data: 'due' })
    streaming.leave()
    const polled = await ask(url, 'http/1.1', { path: '/events?delivery=poll&x=1' })
    expect(readWire(await polled.whole)).toEqual([])
    const long = await ask(url, 'http/1.1', {
      path: '/events?delivery=long-poll',
      headers: { 'last-event-id': id },
    })
    await vi.waitUntil(() => channel.size === 1)
    await channel.publish({ data: 'next' })
    expect(readWire(await long.whole).map(({ data }) => data)).toEqual(['next'])
    for (const asked of ['constructor', 'nonsense', '']) {
      const other = await ask(url, 'http/1.1', { path: `/events?delivery=${asked}` })
      await other.has(': \n\n')
      other.leave()
    }
  })

  test('refuses what it does not know', async () => {
    const errors: unknown[] = []
    const url = await listen((req, res) => {
      try {
        openStream(req, res, { delivery: 'push' as never })
      } catch (error) {
        errors.push(error)
        res.end('answered')
      }
    })
    expect(await (await ask(url, 'http/1.1')).whole).toBe('answered')
    expect(String(errors[0])).toBe(
      'TypeError: Expected `delivery` to be one of "stream", "long-poll", "poll", "auto", got "push"',
    )
  })
})

describeInChromium('a long poll through a proxy that holds responses', (browser) => {
  test('brings a real EventSource all events, in order and once', async () => {
    const channel = new SseChannel()
    const { url } = await serve(
      channel,
      { delivery: 'long-poll' },
      '<!doctype html><title>x</title>',
    )
    const proxy = await bufferingProxy(url)
    const page = await browser().newPage()
    await page.goto(proxy)
    await page.evaluate(() => {
      const received: string[] = []
      const source = new EventSource('/events')
      source.onmessage = ({ data }) => received.push(data)
      Object.assign(window, { received })
    })
    await vi.waitUntil(() => channel.size === 1, { timeout: 15_000 })
    await publishAll(channel)
    const received = () => page.evaluate(() => (window as never as { received: string[] }).received)
    await expect.poll(async () => (await received()).length, { timeout: 15_000 }).toBe(60)
    expect(await received()).toEqual(EVENTS)
    await page.close()
  })
})
