// sse-channel on node:http and node:http2.
// @ts-check

import SseChannel from 'sse-channel'
import { closing, listening, serverFor } from '../listening.js'

export const name = 'sse-channel'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const channel = new SseChannel()
  const server = serverFor(protocol)(async (/** @type {any} */ req, /** @type {any} */ res) => {
    await before?.()
    let hasLeft = false
    channel.on('disconnect', (/** @type {unknown} */ _channel, /** @type {unknown} */ response) => {
      if (response === res) hasLeft = true
    })
    channel.addClient(req, res)
    onClient({ send: (event) => channel.send(event, [res]), isGone: () => hasLeft })
  })
  return {
    url: await listening(server),
    async stop() {
      const closed = closing(server)
      channel.close()
      await closed
    },
  }
}

/** @param {number} size - how many events are kept */
export async function serveHistory(size) {
  const channel = new SseChannel({ historySize: size })
  const server = serverFor()((req, res) => channel.addClient(req, res))
  // Across the tens, as any counter comes.
  let id = 7
  return {
    url: await listening(server),
    /** @param {string} data */
    async publish(data) {
      id++
      channel.send({ id: String(id), data })
      return String(id)
    },
  }
}
