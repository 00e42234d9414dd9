// A proxy that passes a response on once it has all of it.

import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Starts one before a server; both of its sides close when the other does. */
export async function startHoldingProxy(upstream: string) {
  const server = createServer((req, res) => {
    const { url = '/', method, headers } = req
    const passed = request(new URL(url, upstream), { method, headers, agent: false }, (from) => {
      const chunks: Buffer[] = []
      from.on('data', (chunk: Buffer) => chunks.push(chunk))
      from.on('end', () => {
        const { 'transfer-encoding': _, ...kept } = from.headers
        res.writeHead(from.statusCode ?? 502, kept)
        res.end(Buffer.concat(chunks))
      })
      from.on('error', () => res.destroy())
    })
    passed.on('error', () => res.destroy())
    res.on('close', () => passed.destroy())
    passed.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}
