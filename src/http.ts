// What Server-Sent Events ask of HTTP.

/**
 * Which `Accept` headers admit an event stream.
 *
 * - `'lenient'`: also a wildcard (`*` + `/*`, `text/*`), or no header at all.
 * - `'strict'`: only one that names `text/event-stream`, as every EventSource sends.
 * - `false`: any; it is not looked at.
 */
export type AcceptMode = (typeof ACCEPT_MODES)[number]

export const ACCEPT_MODES = ['lenient', 'strict', false] as const

/** The media type of an event stream. */
export const EVENT_STREAM = 'text/event-stream'

/**
 * The headers of an event stream, less the content type.
 *
 * - `no-cache`: a stored stream would be replayed as if it were live; `no-transform`: a proxy that
 *   compresses holds events back until it has a block.
 * - `x-accel-buffering`: tells nginx to pass each write on.
 */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * Tells whether an `Accept` header admits `text/event-stream`.
 *
 * The most specific range decides, and a weight of 0 refuses.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1}
 */
export function acceptsType(accept: string | undefined, mode: AcceptMode): boolean {
  if (mode === false) return true
  const ranges = (accept ?? '').replaceAll(QUOTED, '').toLowerCase().split(',')
  if (ranges.every((range) => range.trim() === '')) return mode === 'lenient'
  const weights = new Map<string, number>()
  for (const range of ranges) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    weights.set(type, Math.max(weights.get(type) ?? 0, weightOf(parameters)))
  }
  const admitted = mode === 'strict' ? [EVENT_STREAM] : [EVENT_STREAM, 'text/*', '*/*']
  const deciding = admitted.find((type) => weights.has(type))
  return deciding !== undefined && (weights.get(deciding) as number) > 0
}

// A quoted parameter may hold a comma or a semicolon, and never holds what matters here. One that does
// not end is taken to the end: tried anew from each quote, it would cost a hostile header's square.
const QUOTED = /"(?:[^"\\]|\\.?)*"?/g

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const value = weight === undefined ? 1 : Number(weight.slice(2))
  // What cannot be read does not refuse.
  return Number.isNaN(value) ? 1 : value
}

/**
 * Gives the id of the last event that the client says it has received: from the header
 * `Last-Event-ID`, else from the query parameter `lastEventId`, else `''`.
 *
 * @param header - as HTTP libraries give it: one character a byte
 * @param url - with its query
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header}
 */
export function lastEventIdOf(header: string | undefined, url: string): string {
  if (header) return fromUtf8(header)
  const query = url.indexOf('?')
  if (query === -1) return ''
  return new URLSearchParams(url.slice(query + 1)).get('lastEventId') ?? ''
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NOT_ASCII = /[^\0-\x7f]/

// [spec] Set (`Last-Event-ID`, lastEventIDValue), with lastEventIDValue the UTF-8 encoding of the
// [spec] last event ID string.
function fromUtf8(header: string): string {
  if (!NOT_ASCII.test(header)) return header
  try {
    return utf8.decode(Uint8Array.from(header, (character) => character.charCodeAt(0)))
  } catch {
    // Some clients send Latin-1. Taken as it came, it is at worst an id that no log knows.
    return header
  }
}

/** Gives the value of `Retry-After`: whole seconds, never less than asked for. */
export const retryAfter = (ms: number): string => `${Math.ceil(ms / 1_000)}`

/** The codings that a stream can be compressed with. */
export type ContentCoding = 'br' | 'gzip'

/**
 * Gives the coding that suits the client best: the one of `offered` with the highest weight, the first among equals.
 *
 * @returns `undefined` where the client would rather have, or only takes, the stream as it is.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3}
 */
export function codingFor(
  acceptEncoding: string | undefined,
  offered: readonly ContentCoding[],
): ContentCoding | undefined {
  const weights = new Map<string, number>()
  for (const range of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = range.split(';').map((part) => part.trim())
    weights.set(coding, weightOf(parameters))
  }
  const weightFor = (coding: ContentCoding) =>
    // [spec] A recipient SHOULD consider "x-gzip" to be equivalent to "gzip".
    weights.get(coding) ??
    (coding === 'gzip' ? weights.get('x-gzip') : undefined) ??
    weights.get('*') ??
    0
  // [spec] If the representation has no content coding, then it is acceptable by default.
  let most = weights.get('identity') ?? 0
  let best: ContentCoding | undefined
  for (const coding of offered) {
    const weight = weightFor(coding)
    if (weight > 0 && (weight > most || (best === undefined && weight >= most))) {
      most = weight
      best = coding
    }
  }
  return best
}
