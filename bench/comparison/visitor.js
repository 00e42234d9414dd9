// A client that is no library's: what a case sees of a server.
// @ts-check

import { get } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'

/** Waits until `isSo`, or gives up. @param {() => unknown} isSo */
export async function until(isSo, withinMs = 3_000) {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    if (isSo()) return true
    await wait(10)
  }
  return Boolean(isSo())
}

/**
 * Asks for a stream and reads it.
 * @param {string} url
 * @param {Record<string, string>} [headers]
 */
export function visit(url, headers = {}) {
  let text = ''
  const request = get(
    url,
    { agent: false, headers: { accept: 'text/event-stream', ...headers } },
    (response) => {
      response.setEncoding('utf8').on('data', (more) => {
        text += more
      })
      response.on('error', () => {})
    },
  )
  request.on('error', () => {})
  return { text: () => text, events: () => eventsOf(text), leave: () => request.destroy() }
}

/** The same over HTTP/2, without TLS. @param {string} url */
export function visitByHttp2(url) {
  let text = ''
  const session = connectHttp2(url)
  session.on('error', () => {})
  const request = session.request({ accept: 'text/event-stream' })
  request.on('error', () => {})
  request.setEncoding('utf8').on('data', (more) => {
    text += more
  })
  return { text: () => text, leave: () => session.destroy() }
}

/** Asks for a stream and never reads it. @param {string} url */
export function stall(url) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.on('error', () => {})
  socket.write(`GET / HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/event-stream\r\n\r\n`)
  return { leave: () => socket.resetAndDestroy() }
}

/** What any client dispatches of a text. @param {string} text */
export function eventsOf(text) {
  /** @type {{ event: string, data: string, id: string | undefined }[]} */
  const events = []
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => events.push({ event, data, id }),
  })
  parser.feed(`\n${text}`)
  return events
}
