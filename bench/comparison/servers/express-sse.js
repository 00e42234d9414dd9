// express-sse. What is sent goes to all clients.
// @ts-check

import SSE from 'express-sse'
import { closing, listening, serverFor } from '../listening.js'

export const name = 'express-sse'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const sse = new SSE()
  const server = serverFor(protocol)(async (/** @type {any} */ req, /** @type {any} */ res) => {
    await before?.()
    sse.init(req, res)
    onClient({
      send: ({ data, event, id }) => sse.send(data, event, id),
      isGone: () => sse.listenerCount('data') === 0,
    })
  })
  return { url: await listening(server), stop: () => closing(server) }
}

/** It gives strings as JSON. */
export const decode = JSON.parse
