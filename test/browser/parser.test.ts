// The built parser in a real browser: no bundler but the one that puts its files into one.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { openStream } from '../../src/adapters/node.js'
import { defineEvents, text } from '../../src/index.js'
import { describeInChromium } from './chromium.js'

describeInChromium('eventwire/parser', (browser) => {
  test('reads a fetch, and its break ends the stream at the server', async () => {
    const { outputFiles } = await build({
      entryPoints: ['dist/parser.js'],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
    })
    const script = outputFiles[0]?.text
    const events = defineEvents({ token: text() })
    let reason: Promise<unknown> | undefined
    const server = createServer((req, res) => {
      if (req.url === '/parser.js') {
        res.setHeader('content-type', 'text/javascript').end(script)
      } else if (req.url === '/events') {
        const stream = openStream(req, res, { events, retryMs: 5 })
        stream.send({ event: 'token', data: 'Grüße\n', id: 1 })
        stream.send({ event: 'token', data: ' 👋', id: 2 })
        reason = stream.closed
      } else res.setHeader('content-type', 'text/html').end('<!doctype html>')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const page = await browser().newPage()
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      const seen = await page.evaluate(`(async () => {
        const { defineEvents, parseEvents, SseError, text } = await import('/parser.js')
        const events = defineEvents({ token: text() })
        const reader = parseEvents(await fetch('/events'), { events })
        const seen = []
        for await (const event of reader) {
          seen.push(event)
          if (seen.length === 2) break
        }
        const refused = await parseEvents(await fetch('/')).next().catch((error) => error)
        return {
          seen,
          lastEventId: reader.lastEventId,
          retryMs: reader.retryMs,
          refused: [refused instanceof SseError, refused.code, refused.data],
        }
      })()`)
      expect(seen).toEqual({
        seen: [
          { event: 'token', data: 'Grüße\n', id: '1' },
          { event: 'token', data: ' 👋', id: '2' },
        ],
        lastEventId: '2',
        retryMs: 5,
        refused: [true, 'ERR_SSE_RESPONSE', '<!doctype html>'],
      })
      expect(await reason).toEqual({ reason: 'client' })
    } finally {
      await page.close()
      server.closeAllConnections()
      server.close()
    }
  })
})
