// What must hold behind every proxy: run for each config that docs/proxies.md shows.

import { constants, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type OpenStreamOptions, openStream, refuse, stop } from '../../src/adapters/node.js'
import type { SseStream } from '../../src/index.js'
import { type Answer, type Ask, ask, type Protocol } from '../adapters/client.js'
import { certificate } from '../certificate.js'
import { FakeEventSource } from '../fake-event-source.js'
import { PRODUCTS, startProxy } from './proxy.js'
import { type Handler, Upstreams } from './upstreams.js'

export interface ProxyTraits {
  /** What the client speaks. */
  protocol?: Protocol
  /**
   * How the server learns that a client has left: by the proxy closing its connection at once, or only by what the proxy
   * cannot pass on any more.
   */
  leaving: 'told at once' | 'found at a write'
  /** Whether the config has a time-out of two seconds. */
  hasShortTimeout?: boolean
  /** Whether the proxy compresses what comes plain. */
  compresses?: boolean
  /** Whether the proxy holds the head back until a byte of the body comes: the stream is to begin with its `retry`. */
  holdsHead?: boolean
}

export function describeProxy(config: string, traits: ProxyTraits): void {
  const { protocol = 'http/1.1', leaving } = traits
  const { hasShortTimeout = false, compresses = false, holdsHead = false } = traits
  const beginning = holdsHead ? 'retry: 1000\n\n' : ''
  const { program } = PRODUCTS[config] as { program: keyof ReturnType<typeof programs> }
  const path = programs()[program]

  describe.skipIf(path === undefined)(`behind ${program} with ${config}`, () => {
    let upstreams: Upstreams
    let proxy: Awaited<ReturnType<typeof startProxy>>
    let url: string

    beforeAll(async () => {
      upstreams = await new Upstreams().start()
      proxy = await startProxy(config, {
        path: path as string,
        ports: upstreams.ports,
        certificate: await certificate(),
      })
      url = `${protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${proxy.port}`
    })
    afterAll(async () => {
      await upstreams?.stop()
      await proxy?.stop()
    })

    function request(handler: Handler, options: Ask = {}): Promise<Answer> {
      upstreams.handle = handler
      return ask(url, protocol, {
        ...options,
        headers: { accept: 'text/event-stream', ...options.headers },
      })
    }

    /** Opens a stream that sends nothing of itself, seen from both ends. */
    async function open(options: OpenStreamOptions = {}, asked: Ask = {}) {
      let stream: SseStream | undefined
      const answer = await request((req, res) => {
        stream = openStream(req, res, {
          heartbeatMs: false,
          retryMs: holdsHead ? 1_000 : undefined,
          ...options,
        })
      }, asked)
      return { answer, stream: stream as unknown as SseStream }
    }

    test(`the head arrives before any event${holdsHead ? ', with the `retry`' : ''}`, async () => {
      const { answer, stream } = await open()
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
      })
      await answer.has(beginning)
      expect(answer.received()).toBe(beginning)
      await stream.end()
      await answer.whole
    })

    test('ten events arrive one by one, each before the next is sent', async () => {
      const { answer, stream } = await open()
      let sent = beginning
      for (let i = 0; i < 10; i++) {
        stream.send({ id: i, data: `event ${i}` })
        sent += `id: ${i}\ndata: event ${i}\n\n`
        await answer.has(`data: event ${i}\n\n`)
        expect(answer.received()).toBe(sent)
      }
      await stream.end({ event: 'bye' })
      expect(await answer.whole).toBe(`${sent}event: bye\ndata: \n\n`)
    })

    test('events that we compress arrive one by one', async () => {
      const { answer, stream } = await open(
        { compress: true },
        { headers: { 'accept-encoding': 'gzip' } },
      )
      expect(answer.headers['content-encoding']).toBe('gzip')
      for (let i = 0; i < 10; i++) {
        stream.send({ data: `event ${i}` })
        await vi.waitUntil(() => unzipped(answer).endsWith(`data: event ${i}\n\n`), {
          timeout: 5_000,
        })
      }
      await stream.end()
      await answer.whole
    })

    test(`${compresses ? 'compresses' : 'leaves'} plain events for a client that takes gzip, one by one`, async () => {
      const { answer, stream } = await open({}, { headers: { 'accept-encoding': 'gzip' } })
      expect(answer.headers['content-encoding']).toBe(compresses ? 'gzip' : undefined)
      const text = () => (compresses ? unzipped(answer) : answer.received())
      for (let i = 0; i < 10; i++) {
        stream.send({ data: `event ${i}` })
        await vi.waitUntil(() => text().endsWith(`data: event ${i}\n\n`), { timeout: 15_000 })
      }
      await stream.end()
      await answer.whole
    })

    // Some compress a response by the size of its first write.
    test('a stream that begins with much arrives as it is sent, for a client that takes gzip', async () => {
      let stream: SseStream | undefined
      const answer = await request(
        (req, res) => {
          stream = openStream(req, res, { heartbeatMs: false })
          stream.send({ data: 'x'.repeat(5_000) })
        },
        { headers: { 'accept-encoding': 'gzip' } },
      )
      const text = () => (compresses ? unzipped(answer) : answer.received())
      await vi.waitUntil(() => text().endsWith('x\n\n'), { timeout: 15_000 })
      stream?.send({ data: 'more' })
      await vi.waitUntil(() => text().endsWith('data: more\n\n'), { timeout: 15_000 })
      await stream?.end()
      await answer.whole
    })

    test('a megabyte that is sent at once arrives whole', async () => {
      const { answer, stream } = await open()
      for (let i = 0; i < 10; i++) stream.send({ data: `${i}`.repeat(100_000) })
      expect(await stream.end()).toEqual({ reason: 'ended' })
      const whole = await answer.whole
      expect(whole.length).toBe(beginning.length + 10 * 100_008)
      expect(whole.replaceAll(/(\d)\1{99999}/g, '$1')).toBe(
        beginning + Array.from({ length: 10 }, (_, i) => `data: ${i}\n\n`).join(''),
      )
    })

    test(`a client that leaves is ${leaving}`, async () => {
      const heartbeatMs = leaving === 'told at once' ? false : 50
      const { answer, stream } = await open({ heartbeatMs })
      answer.leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
    })

    test('a client that leaves while it is sent events is noticed', async () => {
      const { answer, stream } = await open({ heartbeatMs: 50 })
      stream.send({ data: 'first' })
      await answer.has('data: first\n\n')
      answer.leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
    })

    test('204 and 503 arrive as they were sent', async () => {
      const stopped = await request((_req, res) => stop(res))
      expect(stopped.status).toBe(204)
      await stopped.whole
      const refused = await request((_req, res) => refuse(res, { retryAfterMs: 5_000 }))
      expect(refused.status).toBe(503)
      expect(refused.headers['retry-after']).toBe('5')
      await refused.whole
    })

    if (hasShortTimeout) {
      test('heartbeats keep a connection that would be cut for its silence', async () => {
        const kept = await open({ heartbeatMs: 500 })
        const silent = await open()
        // The proxy's time-out is at work.
        expect(await silent.stream.closed).toEqual({ reason: 'client' })
        // As much silence again.
        const beats = kept.answer.received().split(': \n\n').length
        await kept.answer.has(': \n\n'.repeat(beats + 4))
        kept.stream.send({ data: 'still here' })
        await kept.answer.has('data: still here\n\n')
        expect(kept.stream.state).toBe('open')
        await kept.stream.end()
      })
    }

    // The last: it leaves one server only.
    test('a server that dies is resumed on the other, each event exactly once', async () => {
      const source = new FakeEventSource(() => url, { protocol })
      const published: string[] = []
      const publish = async (count: number) => {
        for (let i = 0; i < count; i++) {
          published.push(`event ${published.length}`)
          await upstreams.publish(published.at(-1) as string)
        }
      }
      const seen = () => source.events.map(({ data }) => data)
      await vi.waitUntil(() => upstreams.all.some(({ feeds }) => feeds > 0))
      await publish(10)
      await vi.waitUntil(() => seen().length === 10, { timeout: 15_000 })
      const [dying, living] =
        upstreams.all[0]?.feeds === 1 ? upstreams.all : [...upstreams.all].reverse()
      expect(living?.feeds).toBe(0)
      // Published as it dies, and while nobody is connected.
      const dead = dying?.die()
      await publish(10)
      await dead
      await vi.waitUntil(() => living?.feeds === 1, { timeout: 10_000 })
      await publish(10)
      await vi.waitUntil(() => seen().length >= 30, { timeout: 15_000 })
      expect(seen()).toEqual(published)
      expect(source.failure).toBe(undefined)
      await source.close()
    })
  })
}

const programs = () => inject('programs')

/** As much as there is. */
function unzipped(answer: Answer): string {
  const bytes = answer.bytes()
  if (bytes.length === 0) return ''
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
}
