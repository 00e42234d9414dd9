// @fastify/sse.
// @ts-check

import sse from '@fastify/sse'
import Fastify from 'fastify'

export const name = '@fastify/sse'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const fastify = Fastify(/** @type {any} */ (protocol === 'h2' ? { http2: true } : {}))
  await fastify.register(/** @type {any} */ (sse))
  fastify.get('/', /** @type {any} */ ({ sse: 'only' }), async (_request, reply) => {
    await before?.()
    const stream = /** @type {any} */ (reply).sse
    stream.keepAlive()
    stream.sendHeaders?.()
    onClient({
      send: (event) => stream.send(event),
      sendAndWait: (event) => stream.send(event),
      sendSource: (source) => stream.send(source),
      isGone: () => !stream.isConnected,
    })
  })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  return { url, stop: () => fastify.close() }
}

/** It gives the data of an event as JSON. */
export const decode = JSON.parse
