// A real EventSource, over HTTP/1.1 and HTTP/2, against streams of eventwire/node.

import { createServer } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type NodeRequest,
  type NodeResponse,
  openStream,
  refuse,
  stop,
} from '../../src/adapters/node.js'
import { closeAllStreams, SseChannel, type SseStream } from '../../src/index.js'
import { certificate } from '../certificate.js'
import { describeInChromium } from './chromium.js'

/** What the page saw, in order. */
interface Seen {
  type: string
  data?: string
  id?: string
  readyState: number
}

type Handler = (req: NodeRequest, res: NodeResponse) => void

describeInChromium('EventSource', (browser) => {
  describe.each(['HTTP/1.1', 'HTTP/2'])('over %s', (protocol) => {
    let handle: Handler = () => {}
    let url = ''
    let page: Page
    let close: () => Promise<void>

    beforeAll(async () => {
      const listener: Handler = (req, res) => {
        if (req.url === '/page') {
          res.setHeader('content-type', 'text/html')
          ;(res as { end(body: string): void }).end('<!doctype html><title>EventSource</title>')
        } else if (req.url === '/events') handle(req, res)
        // The browser asks for an icon, too, whenever it likes.
        else stop(res)
      }
      const sessions = new Set<http2.Http2Session>()
      const server =
        protocol === 'HTTP/2'
          ? http2.createSecureServer(await certificate(), listener)
          : createServer(listener)
      server.on('session', (session: http2.Http2Session) => sessions.add(session))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const scheme = protocol === 'HTTP/2' ? 'https' : 'http'
      url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
      const context = await browser().newContext({ ignoreHTTPSErrors: true })
      page = await context.newPage()
      await page.goto(`${url}/page`)
      close = async () => {
        await context.close()
        await closeAllStreams({ withinMs: 0 })
        for (const session of sessions) session.destroy()
        await new Promise((resolve) => server.close(resolve))
      }
    })
    afterAll(async () => {
      await close?.()
    })

    /** Opens an EventSource in the page and gives what it sees. */
    async function listen(handler: Handler, ...names: string[]) {
      handle = handler
      const seen: Seen[] = []
      const report = `report${Math.random().toString(36).slice(2)}`
      await page.exposeFunction(report, (entry: Seen) => void seen.push(entry))
      await page.evaluate(
        ([name, types]) => {
          const page = globalThis as unknown as Record<string, (entry: unknown) => void>
          const source = new EventSource('/events')
          Object.assign(globalThis, { source })
          for (const type of types as readonly string[]) {
            source.addEventListener(type, (event) => {
              const { data, lastEventId: id } = event as MessageEvent
              page[name as string]?.({ type, data, id, readyState: source.readyState })
            })
          }
        },
        [report, ['open', 'error', 'message', ...names]] as const,
      )
      return {
        seen,
        has: (type: string, count = 1) =>
          vi.waitUntil(() => seen.filter((entry) => entry.type === type).length >= count, {
            timeout: 10_000,
          }),
        closePage: () =>
          page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.close()),
      }
    }

    test('opens at once, and gets text, names and ids as they were sent', async () => {
      let stream: SseStream | undefined
      const text = ' a leading space\nlines\n\nand a trailing break\n'
      const { seen, has, closePage } = await listen((req, res) => {
        stream = openStream(req, res)
      }, 'price')
      await has('open')
      expect(seen).toMatchObject([{ type: 'open', readyState: 1 }])
      stream?.send({ data: text, id: 0 })
      stream?.send({ event: 'price', data: { cents: 5 } })
      stream?.send({ event: 'price' })
      stream?.send({ id: 'ключ' })
      stream?.send({ data: '😀' })
      await has('message', 2)
      expect(seen.slice(1)).toMatchObject([
        { type: 'message', data: text, id: '0' },
        { type: 'price', data: '{"cents":5}', id: '0' },
        { type: 'price', data: '', id: '0' },
        { type: 'message', data: '😀', id: 'ключ' },
      ])
      await closePage()
      expect(await stream?.closed).toEqual({ reason: 'client' })
    })

    test('returns with the id of the last event after the connection was cut', async () => {
      const ids: string[] = []
      const streams: SseStream[] = []
      const { seen, has, closePage } = await listen((req, res) => {
        const stream = openStream(req, res, { retryMs: 50 })
        ids.push(stream.lastEventId)
        streams.push(stream)
        stream.send({ id: `é-${streams.length}`, data: 'x' })
      })
      await has('message')
      streams[0]?.destroy()
      await has('message', 2)
      await streams[1]?.end()
      await has('message', 3)
      expect(ids).toEqual(['', 'é-1', 'é-2'])
      expect(
        seen.filter(({ type }) => type === 'error').map(({ readyState }) => readyState),
      ).toEqual([0, 0])
      await closePage()
    })

    test('waits as long as the stream asked for, and stops for good at 204', async () => {
      let requests = 0
      const { seen, has } = await listen((req, res) => {
        requests++
        if (requests === 2) stop(res)
        else void openStream(req, res, { retryMs: 20 }).end({ data: 'bye' })
      })
      await has('error', 2)
      expect(seen.at(-1)).toMatchObject({ type: 'error', readyState: 2 })
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(requests).toBe(2)
    })

    test('fails for good at 503', async () => {
      const { seen, has } = await listen((_req, res) => refuse(res, { retryAfterMs: 1_000 }))
      await has('error')
      expect(seen).toMatchObject([{ type: 'error', readyState: 2 }])
    })

    test('dispatches nothing for heartbeats and comments', async () => {
      let stream: SseStream | undefined
      const { seen, has, closePage } = await listen((req, res) => {
        stream = openStream(req, res, { heartbeatMs: 5 })
        stream.comment('a\ndata: b\n\ndata: c')
      })
      await has('open')
      await new Promise((resolve) => setTimeout(resolve, 60))
      stream?.send({ data: 'last' })
      await has('message')
      expect(seen.map(({ type, data }) => data ?? type)).toEqual(['open', 'last'])
      await closePage()
    })

    test('gets no event that was not sent, whatever the names and ids', async () => {
      let error: unknown
      const { seen, has, closePage } = await listen((req, res) => {
        const stream = openStream(req, res)
        for (const field of ['id', 'event']) {
          for (const lineBreak of ['\n', '\r', '\r\n']) {
            try {
              stream.send({ [field]: `1${lineBreak}${lineBreak}event: admin`, data: 'pwn' })
            } catch (caught) {
              error = caught
            }
          }
        }
        stream.send({ data: 'event: admin\r\rdata: pwn\r\revent: admin' })
      }, 'admin')
      await has('message')
      expect(error).toBeInstanceOf(TypeError)
      expect(seen).toMatchObject([
        { type: 'open' },
        { type: 'message', data: 'event: admin\n\ndata: pwn\n\nevent: admin' },
      ])
      await closePage()
    })

    test('resumes on a channel, also when it ended before its first event, and hears of a gap', async () => {
      let channel = new SseChannel({ history: { maxEvents: 5 } })
      const streams: SseStream[] = []
      const resumes: string[] = []
      const { seen, has, closePage } = await listen(async (req, res) => {
        const stream = openStream(req, res, { retryMs: 50 })
        streams.push(stream)
        const { resume, replayed } = await channel.subscribe(stream)
        resumes.push(`${resume} ${replayed}`)
      }, 'gap')
      const interrupt = async (meanwhile: () => Promise<unknown>) => {
        const count = resumes.length
        await has('open', count)
        // In good order, so that what was sent has arrived for certain.
        await streams.at(-1)?.end()
        await meanwhile()
        await vi.waitUntil(() => resumes.length > count, { timeout: 10_000 })
      }
      const publish = async (...texts: string[]) => {
        for (const data of texts) await channel.publish({ data })
      }
      await vi.waitUntil(() => resumes.length === 1, { timeout: 10_000 })
      await interrupt(() => publish('0', '1'))
      await publish('2')
      await has('message', 3)
      await interrupt(() => publish('3'))
      await has('message', 4)
      await interrupt(() => publish('4', '5', '6', '7', '8', '9', '10'))
      await has('message', 9)
      // The server was started anew: the history is that of another process.
      await interrupt(async () => {
        channel = new SseChannel()
        await publish('11')
      })
      await has('message', 10)
      expect(resumes).toEqual(['fresh 0', 'resumed 2', 'resumed 1', 'gap 5', 'gap 1'])
      const events = seen.filter(({ type }) => type === 'message' || type === 'gap')
      expect(events.map(({ type, data }) => (type === 'gap' ? 'gap' : data))).toEqual([
        '0',
        '1',
        '2',
        '3',
        'gap',
        '6',
        '7',
        '8',
        '9',
        '10',
        'gap',
        '11',
      ])
      await closePage()
    })

    test('gets one tick of 15 MB whole', async () => {
      let stream: SseStream | undefined
      const { seen, has, closePage } = await listen((req, res) => {
        stream = openStream(req, res)
        for (let i = 0; i < 150; i++) stream.send({ data: `${i}`.padEnd(100_000) })
      })
      await has('message', 150)
      expect(stream?.state).toBe('open')
      expect(seen.slice(1).map(({ data }) => Number(data))).toEqual(
        Array.from({ length: 150 }, (_, i) => i),
      )
      await closePage()
    })
  })
})
