// A server of a peer on this machine, on a free port.
// @ts-check

import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'

/**
 * @typedef {'http/1.1' | 'h2'} Protocol
 * @typedef {{ id?: string, event?: string, data?: string, retry?: number }} Sent
 *
 * What a handler does with one client, in the words of its library; what it has no words for is left out.
 * @typedef {object} Client
 * @property {(event: Sent) => unknown} send - without waiting
 * @property {(event: Sent) => Promise<unknown>} [sendAndWait] - as its documentation waits for a slow client
 * @property {(source: import('node:stream').Readable | AsyncIterable<Sent>) => unknown} [sendSource]
 * @property {() => boolean} [isGone] - whether the library knows that the client has left
 *
 * @typedef {object} Serving
 * @property {Protocol} [protocol]
 * @property {(() => Promise<unknown>)} [before] - what the handler waits for before it opens the stream
 * @property {(client: Client) => void} onClient
 *
 * @typedef {{ url: string, stop: () => unknown }} Served - `stop` is how its documentation stops a server
 */

/** @param {Protocol} [protocol] */
export const serverFor = (protocol) => (protocol === 'h2' ? createHttp2Server : createServer)

/**
 * @param {{ listen(port: number, host: string, done: () => void): unknown, address(): unknown }} server
 * @returns {Promise<string>}
 */
export function listening(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
      resolve(`http://127.0.0.1:${port}`)
    })
  })
}

/** @param {{ close(done: () => void): unknown }} server */
export const closing = (server) => new Promise((resolve) => server.close(() => resolve(undefined)))
