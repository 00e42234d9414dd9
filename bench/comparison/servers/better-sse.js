// better-sse on node:http and node:http2.
// @ts-check

import { createSession } from 'better-sse'
import { closing, listening, serverFor } from '../listening.js'

export const name = 'better-sse'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const server = serverFor(protocol)(async (/** @type {any} */ req, /** @type {any} */ res) => {
    await before?.()
    const session = await createSession(req, res)
    onClient({
      send: ({ data, event, id }) => session.push(data, event, id),
      sendSource: (source) => ('pipe' in source ? session.stream(source) : session.iterate(source)),
      isGone: () => !session.isConnected,
    })
  })
  return { url: await listening(server), stop: () => closing(server) }
}

/** It gives strings as JSON. */
export const decode = JSON.parse
