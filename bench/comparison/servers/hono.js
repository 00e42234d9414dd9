// Hono's streamSSE, on @hono/node-server.
// @ts-check

import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { closing, listening } from '../listening.js'

export const name = 'Hono'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const app = new Hono()
  app.get('/', async (c) => {
    await before?.()
    return streamSSE(c, async (stream) => {
      const left = new Promise((resolve) => stream.onAbort(() => resolve(undefined)))
      /** @param {any} event */
      const write = (event) => stream.writeSSE(event)
      onClient({
        send: write,
        sendAndWait: write,
        isGone: () => stream.aborted,
      })
      await left
    })
  })
  const server = createAdaptorServer(
    /** @type {any} */ ({
      fetch: app.fetch,
      createServer: protocol === 'h2' ? createHttp2Server : createServer,
    }),
  )
  return { url: await listening(server), stop: () => closing(server) }
}
