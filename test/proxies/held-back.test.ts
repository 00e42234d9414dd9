// Behind proxies that hold a response until it ends: all events, in order, none lost, none twice.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Delivery, openStream, stop } from '../../src/adapters/node.js'
import { type ConnectOptions, connect } from '../../src/client.js'
import { closeAllStreams, SseChannel } from '../../src/index.js'
import { describeInChromium } from '../browser/chromium.js'
import { startHoldingProxy } from './holding-proxy.js'
import { startSite, varnishd } from './proxy.js'

/** Varnish as it is told to in VCL: it has the whole response before it sends the head. */
const HOLDING_VCL = `
  vcl 4.1;
  backend one { .host = "127.0.0.1"; .port = "3001"; }
  sub vcl_recv { return (pass); }
  sub vcl_backend_response { set beresp.do_stream = false; }
`

interface Proxy {
  readonly url: string
  stop(): Promise<void>
}

const path = inject('programs').varnishd

const PROXIES: [name: string, isHere: boolean, start: (port: number) => Promise<Proxy>][] = [
  ['a proxy of node:http', true, (port) => startHoldingProxy(`http://127.0.0.1:${port}`)],
  [
    'Varnish with do_stream = false',
    path !== undefined,
    async (port) => {
      const options = { path: path as string, ports: [port, port] as const }
      const { port: own, stop } = await startSite(varnishd, HOLDING_VCL, options)
      return { url: `http://127.0.0.1:${own}`, stop }
    },
  ],
]

const COUNT = 200
const EVENTS = Array.from({ length: COUNT }, (_, i) => `${i}`)

/** Publishes now in bursts, now one by one, at moments that have nothing to do with the requests. */
async function publishAll(channel: SseChannel) {
  for (const [i, data] of EVENTS.entries()) {
    await channel.publish({ data })
    if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i % 41))
  }
}

/** The platform's `fetch`, over a network that breaks every third time: before the answer, or after some bytes of it. */
function breaking(): { fetch: NonNullable<ConnectOptions['fetch']>; broken(): number } {
  let requests = 0
  let broken = 0
  const cut = () => {
    broken++
    return new TypeError('cut')
  }
  return {
    broken: () => broken,
    async fetch(url, init) {
      const n = requests++
      if (n % 3 !== 1) return fetch(url, init)
      if (n % 2 === 0) {
        const stop = new AbortController()
        setTimeout(() => stop.abort(cut()), Math.random() * 80)
        return fetch(url, { ...init, signal: AbortSignal.any([stop.signal, init.signal as never]) })
      }
      const response = await fetch(url, init)
      let left = Math.floor(Math.random() * 400)
      const body = response.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            controller.enqueue(chunk.subarray(0, left))
            left -= chunk.length
            if (left <= 0) controller.error(cut())
          },
        }),
      )
      return new Response(body, response)
    },
  }
}

describe.each(PROXIES)('behind %s', (_, isHere, start) => {
  let server: Server
  let channel: SseChannel
  let proxy: Proxy
  let deliveries: (string | null)[]
  /** What the server does whatever it is asked for. */
  let delivery: Delivery

  beforeAll(async () => {
    server = createServer((req, res) => {
      const { searchParams, pathname } = new URL(req.url ?? '/', 'http://localhost')
      if (pathname === '/page') {
        res.setHeader('content-type', 'text/html').end(PAGE)
      } else if (pathname.endsWith('.js')) {
        const code = readFileSync(new URL(`../..${pathname}`, import.meta.url))
        res.setHeader('content-type', 'text/javascript').end(code)
      } else if (searchParams.has('over')) stop(res)
      else {
        deliveries.push(searchParams.get('delivery'))
        // A proxy that holds a stream does not notice that its client has left.
        void channel.subscribe(openStream(req, res, { delivery, maxLifetimeMs: 10_000 }))
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    if (isHere) proxy = await start((server.address() as AddressInfo).port)
  })
  beforeEach(() => {
    channel = new SseChannel({ history: { maxEvents: 10_000 } })
    deliveries = []
    delivery = 'auto'
  })
  afterEach(async () => {
    await closeAllStreams({ withinMs: 0 })
    await channel.close()
  })
  afterAll(async () => {
    await proxy?.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  async function readAll(options: ConnectOptions): Promise<string[]> {
    const received: string[] = []
    const connection = connect(`${proxy.url}/events?x=1`, {
      lastEventId: await channel.publish({ data: 'before' }),
      firstByteTimeoutMs: 150,
      reconnect: { baseMs: 1, maxMs: 20 },
      ...options,
    })
    const publishing = publishAll(channel)
    for await (const { data } of connection) {
      received.push(data)
      if (received.length === COUNT) break
    }
    await publishing
    return received
  }

  test.skipIf(!isHere)('connect finds out, and gets every event once and in order', async () => {
    expect(await readAll({ delivery: 'auto' })).toEqual(EVENTS)
    expect(deliveries.slice(0, 2)).toEqual([null, 'long-poll'])
    expect(new Set(deliveries.slice(1))).toEqual(new Set(['long-poll']))
  })

  test.skipIf(!isHere)('so it does while its connections break at random', async () => {
    const { fetch, broken } = breaking()
    expect(await readAll({ delivery: 'auto', fetch })).toEqual(EVENTS)
    expect(broken()).toBeGreaterThan(0)
  })

  test.skipIf(!isHere)('so it does by polls', async () => {
    expect(await readAll({ delivery: 'poll' })).toEqual(EVENTS)
    expect(new Set(deliveries)).toEqual(new Set(['poll']))
  })

  test.skipIf(!isHere)('a batch does not end what is to finish at the end; 204 does', async () => {
    const received: string[] = []
    const connection = connect(`${proxy.url}/events`, {
      lastEventId: await channel.publish({ data: 'before' }),
      delivery: 'long-poll',
      reconnect: false,
      request: () => (received.length < 2 ? {} : { url: `${proxy.url}/events?over` }),
    })
    await channel.publish({ data: '1' })
    for await (const { data } of connection) {
      received.push(data)
      if (data === '1') setTimeout(() => channel.publish({ data: '2' }), 20)
    }
    expect(received).toEqual(['1', '2'])
  })

  describeInChromium('in a page', (browser) => {
    /** Runs it in a page of the proxy's; gives what it has received, once that is all. */
    async function receivedBy(open: string): Promise<string[]> {
      const page = await browser().newPage()
      await page.goto(`${proxy.url}/page`)
      await page.evaluate(open)
      await expect.poll(() => deliveries.at(-1), { timeout: 15_000 }).toBe('long-poll')
      await expect.poll(() => channel.size, { timeout: 15_000 }).toBeGreaterThan(0)
      await publishAll(channel)
      const received = () => page.evaluate(() => (globalThis as never as { seen: string[] }).seen)
      await expect.poll(async () => (await received()).length, { timeout: 15_000 }).toBe(COUNT)
      const all = await received()
      await page.close()
      return all
    }

    test.skipIf(!isHere)('an EventSource that asks for long polls gets every event', async () => {
      const open = `new EventSource('/events?delivery=long-poll').onmessage = ({ data }) => seen.push(data)`
      expect(await receivedBy(open)).toEqual(EVENTS)
    })

    test.skipIf(!isHere)('connect finds out, and gets every event', async () => {
      const open = `void read('/events', { delivery: 'auto', firstByteTimeoutMs: 300 })`
      expect(await receivedBy(open)).toEqual(EVENTS)
      expect(deliveries[0]).toBeNull()
    })
  })
})

const PAGE = `<!doctype html><title>Held back</title>
<script type="module">
  import { connect } from '/dist/client.js'
  globalThis.seen = []
  globalThis.read = async (url, options) => {
    for await (const { data } of connect(url, options)) seen.push(data)
  }
</script>`
