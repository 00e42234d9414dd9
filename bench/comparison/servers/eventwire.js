// This package, on node:http and node:http2.
// @ts-check

import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { closing, listening, serverFor } from '../listening.js'

export const name = 'eventwire'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const server = serverFor(protocol)(async (/** @type {any} */ req, /** @type {any} */ res) => {
    await before?.()
    const stream = openStream(req, res)
    onClient({
      send: (event) => stream.send(event),
      sendAndWait: async (event) => stream.send(event) || stream.drained(),
      sendSource: (source) => stream.sendAll(/** @type {any} */ (source)),
      isGone: () => stream.state !== 'open',
    })
  })
  return {
    url: await listening(server),
    async stop() {
      const closed = closing(server)
      await closeAllStreams()
      await closed
    },
  }
}

/** @param {number} size - how many events are kept */
export async function serveHistory(size) {
  const channel = new SseChannel({ history: { maxEvents: size } })
  const server = serverFor()((req, res) => void channel.subscribe(openStream(req, res)))
  return {
    url: await listening(server),
    /** @param {string} data */
    publish: (data) => channel.publish({ data }),
  }
}
