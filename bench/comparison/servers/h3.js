// h3's event stream, on its adapter for Node.js.
// @ts-check

import { createEventStream, H3 } from 'h3'
import { toNodeHandler } from 'h3/node'
import { closing, listening, serverFor } from '../listening.js'

export const name = 'h3'

/**
 * @param {import('../listening.js').Serving} serving
 * @returns {Promise<import('../listening.js').Served>}
 */
export async function serve({ protocol, before, onClient }) {
  const app = new H3()
  app.get('/', async (event) => {
    await before?.()
    const stream = createEventStream(event)
    let isGone = false
    stream.onClosed(() => {
      isGone = true
    })
    /** @param {any} message */
    const push = (message) => stream.push(message)
    onClient({
      send: push,
      sendAndWait: push,
      isGone: () => isGone,
    })
    return stream.send()
  })
  const server = serverFor(protocol)(/** @type {any} */ (toNodeHandler(app)))
  return { url: await listening(server), stop: () => closing(server) }
}
