// The clients of a bench, in a process of their own: many connections that read.

import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { answer, Child, childArguments, isProgram } from './child.js'
import { openFiles } from './machine.js'

/** How many connect at once. */
const AT_ONCE = 50

/** One address has about 28,000 ports to connect from: each client takes one of several. */
const addressOf = (index) => `127.0.0.${2 + (index % 8)}`

/** How many of `clients` a process has the files for, besides those of its own. */
export const clientsFor = (clients) => Math.min(clients, openFiles() - 100)

/** The numbers of clients among `sizes` that a process has the files for. */
export const sizesFor = (sizes) => [...new Set(sizes.map(clientsFor))]

/** How a client joins: gives what its bytes come by, once the first have come. */
const JOIN = {
  'http/1.1': async (port, host, path) => {
    const socket = connect({ port, host })
    socket.on('error', () => {})
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`)
    await once(socket, 'data')
    return socket
  },
  h2: async (port, host, path) => {
    const session = connectHttp2(`http://${host}:${port}`)
    session.on('error', () => {})
    const request = session.request({ ':path': path, accept: 'text/event-stream' })
    request.on('error', () => {})
    await once(request, 'response')
    return request
  },
}

/**
 * Connects, some at a time.
 *
 * @param {{ port: number, clients: number, protocol?: string, pathOf?: (index: number) => string }} options
 * @param {(source: import('node:stream').Readable, index: number) => void} onJoined
 */
export async function joinAll({ port, clients, protocol = 'http/1.1', pathOf }, onJoined) {
  let next = 0
  const joinSome = async () => {
    while (next < clients) {
      const index = next++
      const source = await JOIN[protocol](port, addressOf(index), pathOf?.(index) ?? '/')
      onJoined(source, index)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, joinSome))
}

/** The clients' process: they read and count, no more. */
async function readAll(protocol, port, clients) {
  let bytes = 0
  await joinAll({ port, clients, protocol }, (source) =>
    source.on('data', (chunk) => {
      bytes += chunk.length
    }),
  )
  process.send('connected')
  await answer(() => bytes)
}

/** Clients that read and count the bytes of them all. */
export class Readers {
  #child

  /** @param {{ port: number, clients: number, protocol?: string }} options */
  static async join({ port, clients, protocol = 'http/1.1' }) {
    const readers = new Readers()
    readers.#child = new Child(import.meta.url, protocol, port, clients)
    await readers.#child.hears()
    return readers
  }

  bytes() {
    return this.#child.ask('bytes')
  }

  end() {
    return this.#child.end()
  }
}

if (isProgram(import.meta.url)) {
  const [protocol, port, clients] = childArguments()
  await readAll(protocol, Number(port), Number(clients))
}
