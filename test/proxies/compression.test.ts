// Proxies that are told to compress event streams, where docs/proxies.md says that nothing is late for it.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'
import { openStream } from '../../src/adapters/node.js'
import type { SseStream } from '../../src/index.js'
import { ask } from '../adapters/client.js'
import { apache2, startSite, varnishd } from './proxy.js'

const APACHE = `
  ${['filter', 'deflate', 'brotli'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
  Listen 127.0.0.1:8080
  <VirtualHost 127.0.0.1:8080>
    ProxyPass "/" "http://127.0.0.1:3001/"
    AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/event-stream
  </VirtualHost>
`

const VARNISH = `
  vcl 4.1;
  backend one { .host = "127.0.0.1"; .port = "3001"; }
  sub vcl_recv { return (pass); }
  sub vcl_backend_response {
    if (beresp.http.Content-Type !~ "^text/event-stream") { set beresp.do_gzip = true; }
  }
`

const DECODERS: Record<string, (bytes: Buffer) => Buffer> = {
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
}

const programs = inject('programs')
const stopping: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop()
})

/** Opens a stream of 5,000 bytes through a proxy, and sends five events more, each when the one before has come. */
async function fiveEvents(product: typeof apache2, site: string, coding: string) {
  let stream: SseStream | undefined
  const server = createServer((req, res) => {
    stream = openStream(req, res, { heartbeatMs: false })
    stream.send({ data: 'x'.repeat(5_000) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stopping.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const path = programs[product.program] as string
  const proxy = await startSite(product, site, { path, ports: [port, port] })
  stopping.push(proxy.stop)
  const answer = await ask(`http://127.0.0.1:${proxy.port}`, 'http/1.1', {
    headers: { 'accept-encoding': coding },
  })
  const used = answer.headers['content-encoding']
  const text = () => (used ? DECODERS[used]?.(answer.bytes()).toString() : answer.received()) ?? ''
  for (let i = 0; i < 5; i++) {
    stream?.send({ data: `event ${i}` })
    await vi.waitUntil(() => text().endsWith(`data: event ${i}\n\n`), { timeout: 15_000 })
  }
  answer.leave()
  return used
}

describe.skipIf(!programs.apache2)('behind Apache httpd with mod_brotli and mod_deflate', () => {
  test.each([['br'], ['gzip']])('events compressed by %s arrive one by one', async (coding) => {
    expect(await fiveEvents(apache2, APACHE, coding)).toBe(coding)
  })
})

describe.skipIf(!programs.varnishd)('behind Varnish that compresses all but event streams', () => {
  test('events arrive one by one, as they were sent', async () => {
    expect(await fiveEvents(varnishd, VARNISH, 'gzip')).toBeUndefined()
  })
})
