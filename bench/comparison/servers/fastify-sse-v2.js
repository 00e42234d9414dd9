// fastify-sse-v2.
// @ts-check

import Fastify from 'fastify'
import { FastifySSEPlugin } from 'fastify-sse-v2'

export const name = 'fastify-sse-v2'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const fastify = Fastify(/** @type {any} */ (protocol === 'h2' ? { http2: true } : {}))
  await fastify.register(/** @type {any} */ (FastifySSEPlugin))
  fastify.get('/', async (_request, reply) => {
    await before?.()
    onClient({
      send: (event) => reply.sse(/** @type {any} */ (event)),
      sendSource: (source) => reply.sse(/** @type {any} */ (source)),
    })
    return reply
  })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  return { url, stop: () => fastify.close() }
}
