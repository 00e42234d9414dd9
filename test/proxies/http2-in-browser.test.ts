// nginx speaking HTTP/2 to a real browser: more streams at once than HTTP/1.1 has connections.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { certificate } from '../certificate.js'
import { startProxy } from './proxy.js'
import { Upstreams } from './upstreams.js'

const path = inject('programs').nginx

describe.skipIf(path === undefined)('behind nginx', () => {
  describeInChromium('EventSource', (browser) => {
    let upstreams: Upstreams
    const proxies: { stop(): Promise<void> }[] = []

    beforeAll(async () => {
      upstreams = await new Upstreams().start()
      upstreams.handle = (_req, res) => {
        res.setHeader('content-type', 'text/html').end('<!doctype html><title>Streams</title>')
      }
    })
    afterAll(async () => {
      await upstreams?.stop()
      for (const proxy of proxies) await proxy.stop()
    })

    async function openPage(config: string, scheme: string): Promise<Page> {
      const proxy = await startProxy(config, {
        path: path as string,
        ports: upstreams.ports,
        certificate: await certificate(),
      })
      proxies.push(proxy)
      const page = await browser().newPage({ ignoreHTTPSErrors: true })
      await page.goto(`${scheme}://127.0.0.1:${proxy.port}/`)
      return page
    }

    const feeds = () => upstreams.all.reduce((sum, { feeds }) => sum + feeds, 0)

    test('twelve at once over HTTP/2, each gets each event once', async () => {
      const page = await openPage('nginx-http2.conf', 'https')
      await page.evaluate(openSources, 12)
      await page.waitForFunction(() => window.opened === 12)
      for (let i = 0; i < 5; i++) await upstreams.publish(`event ${i}`)
      await page.waitForFunction(() => window.received.every((data) => data.length >= 5))

      const protocols = await page.evaluate(() =>
        performance
          .getEntriesByType('navigation')
          .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
      )
      expect(protocols).toEqual(['h2'])
      expect(await page.evaluate(() => window.received)).toEqual(
        Array.from({ length: 12 }, () => Array.from({ length: 5 }, (_, i) => `event ${i}`)),
      )
      await page.close()
    })

    test('six over HTTP/1.1: the seventh waits until one is closed', async () => {
      const before = feeds()
      const page = await openPage('nginx-plain.conf', 'http')
      await page.evaluate(openSources, 7)
      await page.waitForFunction(() => window.opened === 6)
      // In order on the connections that there are: with a seventh, its events would come too.
      await upstreams.publish('while six are open')
      await page.waitForFunction(
        () => window.received.filter(({ length }) => length > 0).length === 6,
      )
      expect(feeds() - before).toBe(6)
      await page.evaluate(() => window.sources.find(({ readyState }) => readyState === 1)?.close())
      await page.waitForFunction(() => window.opened === 7)
      await vi.waitUntil(() => feeds() - before === 7)
      await page.close()
    })
  })
})

declare global {
  interface Window {
    opened: number
    sources: EventSource[]
    received: string[][]
  }
}

/** Runs in the page. */
function openSources(count: number): void {
  window.opened = 0
  window.received = []
  window.sources = []
  for (let i = 0; i < count; i++) {
    const data: string[] = []
    const source = new EventSource('/feed')
    source.onopen = () => {
      window.opened++
    }
    source.onmessage = (event) => data.push(event.data)
    window.sources.push(source)
    window.received.push(data)
  }
}
