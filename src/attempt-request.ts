// What one attempt sends: where to, with which headers, and the id to resume from.

import { wrongType } from './misuse.js'
import { encodeText } from './utf8.js'

/** What is sent with one attempt: all that `fetch` takes but the signal, which the connection brings. */
export interface AttemptRequest extends Omit<RequestInit, 'signal'> {
  /** Where to, if not to the URL that the connection was made for. */
  url?: string | URL | undefined
  /** Nothing: a `Request` is refused, since its fields could not be laid over the options. */
  clone?: never
}

/** What all attempts send, but for what one has of its own. */
interface RequestDefaults {
  readonly headers?: RequestInit['headers'] | undefined
  readonly method?: string | undefined
  readonly body?: RequestInit['body'] | undefined
  /** One that is not the platform's may know other schemes. */
  readonly fetch?: unknown
}

/** A request as `fetch` takes it. */
export interface MadeRequest {
  readonly url: string
  readonly init: RequestInit
}

// What a header cannot carry: control characters, and white space at its ends, which receivers take away.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NOT_IN_HEADER = /[\0-\x08\x0a-\x1f\x7f]|^[\t ]|[\t ]$/

/** The bodies that are used up. */
const SENT = new WeakSet<object>()

/** Tells whether a header can carry an id. */
export const isCarried = (id: string): boolean => !NOT_IN_HEADER.test(id)

/**
 * Makes the request of an attempt.
 *
 * @throws {TypeError} when there is none that could be sent: the next attempt would fail in the same way.
 */
export function makeRequest(
  { url, ...own }: AttemptRequest & { url: string | URL },
  options: RequestDefaults,
  lastEventId: string,
): MadeRequest {
  const absolute = absoluteUrl(url)
  if (options.fetch === undefined && !/^https?:/.test(absolute)) throw wrongUrl(url)
  const { method = options.method ?? 'GET', body = options.body ?? null } = own
  const isUsedUp = isOneShot(body)
  if (!isUsedUp && isPlain(body)) {
    throw wrongType('the body', 'text, bytes, or what else `fetch` sends as it is', body)
  }
  if (isUsedUp && SENT.has(body as object)) throw wrongType('the body', 'a new one each time', body)
  try {
    const headers = joined(options.headers, own.headers)
    if (!headers.has('accept')) headers.set('accept', 'text/event-stream')
    if (lastEventId !== '' && isCarried(lastEventId)) {
      headers.set('last-event-id', TAKES_TEXT ? lastEventId : asBytes(lastEventId))
    }
    const init: RequestInit & { duplex?: 'half' } = { ...own, method, body, headers }
    if (isUsedUp) {
      SENT.add(body as object)
      // Without it `fetch` refuses to send one that it cannot send again.
      init.duplex = 'half'
    }
    // [spec] Set request's cache mode to "no-store".
    // Elsewhere than in browsers the header is surer; in browsers it would cost a preflight.
    if (globalThis.navigator?.onLine !== undefined) init.cache ??= 'no-store'
    else if (!headers.has('cache-control')) headers.set('cache-control', 'no-cache')
    // `fetch` itself tells a request that cannot be sent from a network that fails by nothing but its message.
    new Request(absolute, { ...init, body: body === null ? null : '' })
    return { url: absolute, init }
  } catch (cause) {
    const message = `Expected the request to be one that can be sent, got: ${(cause as Error).message}`
    throw new TypeError(message, { cause })
  }
}

/** Tells what is used up by being sent: streams and iterators. */
export function isOneShot(body: unknown): boolean {
  const { getReader, next } = Object(body)
  return typeof (getReader ?? next) === 'function' || Symbol.asyncIterator in Object(body)
}

/** Tells whether `fetch` would send "[object Object]", or elements with commas between them. */
function isPlain(body: unknown): boolean {
  const asText = Object.prototype.toString
  if (asText.call(body) !== '[object Object]') return Array.isArray(body)
  return ((body as object).toString ?? asText) === asText
}

function absoluteUrl(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href
  } catch {
    throw wrongUrl(url)
  }
}

const wrongUrl = (url: unknown) => wrongType('the URL', 'an absolute one of http: or https:', url)

function joined(...all: RequestInit['headers'][]): Headers {
  const headers = new Headers(all[0])
  new Headers(all[1]).forEach((value, name) => {
    headers.set(name, value)
  })
  return headers
}

// [spec] Let lastEventIDValue be the EventSource object's last event ID string, encoded as UTF-8.
/** Gives a text whose characters are the bytes of `id`, which is how `Headers` take bytes. */
const asBytes = (id: string): string =>
  Array.from(encodeText(id), (byte) => String.fromCharCode(byte)).join('')

/** Some workers' `Headers` take any text, and encode it themselves. */
const TAKES_TEXT = takesText()

function takesText(): boolean {
  try {
    return new Headers({ a: '\u2026' }).has('a')
  } catch {
    return false
  }
}
