// The built client in a page, against servers that write their bytes themselves.

import { readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { behaviour } from '../client/harness.js'
import { type RawRequest, RawServer } from '../client/raw-server.js'
import { describeInChromium } from './chromium.js'

const ROOT = new URL('../../', import.meta.url)

const PAGE = `<!doctype html><title>Client</title>
<script type="module">
  import { connect } from '/dist/client.js'
  addEventListener('pageshow', ({ persisted }) => {
    globalThis.isBack = persisted
  })
  globalThis.connectTo = (url, credentials, baseMs = 1, options = {}) => {
    globalThis.seen = []
    globalThis.connection = connect(url, {
      reconnect: { baseMs, maxMs: 2 * baseMs },
      request: () => ({ credentials }),
      ...options,
    })
    const read = async () => {
      for await (const { data, id } of connection) seen.push([data, id])
    }
    read().then(() => seen.push('end'), (error) => seen.push(error.code))
  }
</script>`

/** What another origin has to allow. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'last-event-id',
}

describeInChromium('connect', (browser) => {
  let pages: RawServer
  /** Another origin: its port is another. */
  let other: RawServer
  let context: BrowserContext
  let page: Page
  /** Answers what the page asks of its own origin, one request after the other. */
  let answers: ((request: RawRequest) => void)[]

  beforeEach(async () => {
    pages = await RawServer.start()
    other = await RawServer.start()
    answers = []
    void serve()
    context = await browser().newContext()
    page = await context.newPage()
    await page.goto(`${pages.url}page`)
  })
  afterEach(async () => {
    await context.close()
    await Promise.all([pages.stop(), other.stop()])
  })

  async function serve() {
    for (;;) {
      const request = await pages.next()
      const { path } = request
      if (path === '/events') answers.shift()?.(request)
      else if (path === '/page' || path === '/other')
        request.answer(200, { 'content-type': 'text/html' }, PAGE)
      else if (/^\/dist\/[\w./-]+\.js$/.test(path)) {
        const code = readFileSync(new URL(`.${path}`, ROOT), 'utf8')
        request.answer(200, { 'content-type': 'text/javascript' }, code)
      } else request.answer(404, {}, '')
    }
  }

  /** Gives the next request for events that the page makes of its own origin. */
  const nextOwn = () => new Promise<RawRequest>((resolve) => answers.push(resolve))

  /** Has the page read a URL; what it sees is in its `seen`. */
  const connectTo = (url: string, credentials: RequestCredentials = 'same-origin') =>
    page.evaluate(`connectTo(${JSON.stringify(url)}, '${credentials}')`)

  test('reads a relative URL, comes back with the id in UTF-8, and leaves when closed', async () => {
    const [first, second] = [nextOwn(), nextOwn()]
    await connectTo('/events')
    const request = await first
    expect(request.values('accept')).toEqual(['text/event-stream'])
    expect(request.values('cache-control')).toEqual(['no-cache'])
    expect(request.values('last-event-id')).toEqual([])
    request.stream('id: \u2026\ndata: a\n\n').end()
    const again = await second
    expect(again.values('last-event-id')).toEqual(['\xe2\x80\xa6'])
    again.stream('data: b\n\n')
    await page.waitForFunction('seen.length === 2')
    await page.evaluate('connection.close()')
    await again.gone
    expect(await page.evaluate('seen')).toEqual([['a', '\u2026'], ['b', '\u2026'], 'end'])
  })

  test('asks another origin without a preflight, as long as there is no id', async () => {
    await connectTo(other.url)
    const request = await other.next()
    expect([request.method, ...request.values('cache-control')]).toEqual(['GET', 'no-cache'])
    request.stream('data: a\n\n', CORS)
    await page.waitForFunction('seen.length === 1')
  })

  /** Has the page come back to another origin with an id, which takes a preflight. */
  async function comesBackWith(lastEventId: string, sent: string) {
    await connectTo(other.url)
    ;(await other.next()).stream(`id: ${lastEventId}\ndata: a\n\n`, CORS).end()
    const preflight = await other.next()
    expect(preflight.method).toBe('OPTIONS')
    expect(preflight.values('access-control-request-headers')).toEqual(['last-event-id'])
    preflight.answer(204, CORS, '')
    const request = await other.next()
    expect([request.method, ...request.values('last-event-id')]).toEqual(['GET', sent])
  }

  behaviour('req-preflight-long-id', 'another origin is asked by a preflight first', () =>
    comesBackWith('x'.repeat(129), 'x'.repeat(129)),
  )

  behaviour('req-preflight-unsafe-id', 'another origin is asked by a preflight first', () =>
    comesBackWith('<\u2026', '<\xe2\x80\xa6'),
  )

  // An EventSource needs none here.
  test('asks another origin by a preflight for a short, safe id, too', () =>
    comesBackWith('abc', 'abc'))

  // As docs/client.md has it.
  test('asks another origin without a preflight where the URL has the id, not a header', async () => {
    await page.evaluate(`connectTo('${other.url}', 'omit', 1, {
        request: ({ lastEventId }) => ({ url: '${other.url}?lastEventId=' + lastEventId }),
        fetch: (url, { headers, ...init }) => {
          const sent = new Headers(headers)
          sent.delete('last-event-id')
          return fetch(url, { ...init, headers: sent })
        },
      })`)
    ;(await other.next()).stream('id: abc\ndata: a\n\n', CORS).end()
    const request = await other.next()
    expect([request.method, request.path]).toEqual(['GET', '/?lastEventId=abc'])
  })

  test('sends cookies to another origin only where the credentials are included', async () => {
    await context.addCookies([{ name: 'a', value: 'b', url: other.url }])
    for (const [credentials, expected] of [
      ['same-origin', []],
      ['include', ['a=b']],
    ] as const) {
      await connectTo(other.url, credentials)
      const request = await other.next()
      expect(request.values('cookie')).toEqual(expected)
      await page.evaluate('connection.close()')
      await request.gone
    }
  })

  behaviour('rec-no-network', 'the end of a wait comes with the network', async () => {
    const [first, second] = [nextOwn(), nextOwn()]
    // Longer than any test waits.
    await page.evaluate("connectTo('/events', 'same-origin', 600_000)")
    const request = (await first).stream('id: 1\ndata: a\n\n')
    await page.waitForFunction('seen.length === 1')
    await context.setOffline(true)
    request.cut()
    await page.waitForFunction("connection.state === 'waiting'")
    await context.setOffline(false)
    expect((await second).values('last-event-id')).toEqual(['1'])
  })

  behaviour('bfcache', 'a page that comes back goes on, from its last event', async () => {
    const [first, second] = [nextOwn(), nextOwn()]
    await connectTo('/events')
    const request = (await first).stream('id: 1\ndata: a\n\n')
    await page.waitForFunction('seen.length === 1')
    await page.goto(`${pages.url}other`)
    request.write('id: 2\ndata: b\n\n').cut()
    // Its answer is lost with the page that it leaves.
    page.evaluate('history.back()').catch(() => {})
    const again = await second
    expect(again.values('last-event-id')).toEqual(['2'])
    again.stream('data: c\n\n')
    await page.waitForFunction('globalThis.isBack && seen.length === 3')
    expect(await page.evaluate('seen.map(([data]) => data).join()')).toBe('a,b,c')
  })

  test('tries again where it is refused by CORS, which looks like a broken network', async () => {
    await connectTo(other.url)
    ;(await other.next()).stream('data: a\n\n')
    ;(await other.next()).stream('data: b\n\n', CORS)
    await page.waitForFunction('seen.length === 1')
    expect(await page.evaluate('seen')).toEqual([['b', '']])
  })
})
