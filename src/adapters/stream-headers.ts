// The headers of a response that is an event stream: the application's, ours, and those of its coding.

import { type ContentCoding, codingFor, EVENT_STREAM, STREAM_HEADERS } from '../http.js'
import { wrongType } from '../misuse.js'
import { offeredCodings } from './compressed-sink.js'
import type { Exchange } from './exchange.js'

/** Headers to send, by name. */
export type StreamHeaders = Readonly<Record<string, string | number | readonly string[]>>

/**
 * Looks at the application's headers before anything is set.
 *
 * @throws {TypeError} when they are none, or one cannot be sent.
 */
export function checkHeaders(exchange: Exchange, headers: StreamHeaders): void {
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) {
    throw wrongType('`headers`', 'an object of names and values', headers)
  }
  for (const [name, value] of Object.entries(headers)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const item of items) {
      if (typeof item !== 'string' && typeof item !== 'number') {
        throw wrongType(`the header \`${name}\``, 'a string, a number or an array of strings', item)
      }
    }
    exchange.checkHeader(name, items.join(', '))
  }
}

/** Headers that only the server can set right. */
const FRAMING = ['content-type', 'content-length', 'transfer-encoding']

// [spec] An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields.
const CONNECTION = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
]

/** Sets the application's headers, and ours where there is nothing yet. */
export function setHeaders(exchange: Exchange, headers: StreamHeaders): void {
  // A length that was set was meant for another body.
  exchange.removeHeader('content-length')
  const left = exchange.hasNoConnection ? [...FRAMING, ...CONNECTION] : FRAMING
  for (const [name, value] of Object.entries(headers)) {
    if (!left.includes(name.toLowerCase())) exchange.setHeader(name, value)
  }
  for (const [name, value] of Object.entries(STREAM_HEADERS)) {
    if (exchange.header(name) === undefined) exchange.setHeader(name, value)
  }
  exchange.setHeader('content-type', EVENT_STREAM)
}

/** Gives how the body is to be compressed, if it is, and says in `vary` what that depends on. */
export function negotiated(exchange: Exchange): ContentCoding | undefined {
  if (exchange.header('content-encoding') !== undefined) return undefined
  const coding = codingFor(exchange.requestHeader('accept-encoding'), offeredCodings())
  // Also where this client gets it plain: a cache would give its answer to others.
  const vary = [exchange.header('vary') ?? []].flat().join(', ')
  if (!/\*|(?:^|[\s,])accept-encoding(?:[\s,]|$)/i.test(vary)) {
    exchange.setHeader('vary', vary === '' ? 'accept-encoding' : `${vary}, accept-encoding`)
  }
  return coding
}
