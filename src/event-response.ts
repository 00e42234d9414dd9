// A Fetch response as a source of events, if it is one.

import { type ChunkSource, type Chunks, chunkSource } from './chunk-source.js'
import { SseError } from './errors.js'
import { wrongType } from './misuse.js'

/** The part of a Fetch `Response` that is needed: servers and test doubles bring classes of their own. */
export interface ResponseLike {
  /** The status; only 200 is an event stream. */
  readonly status: number
  /** The headers, of which the content type is looked at. */
  readonly headers: {
    /** Gives the value of a header. */
    get(name: string): string | null
  }
  /** What is read. */
  readonly body: Chunks | null
  /** Whether it has been read already. */
  readonly bodyUsed?: boolean | undefined
}

/** How long a body may take to show its beginning, when the response is refused anyway. */
const EXCERPT_MS = 1_000
const EXCERPT_LENGTH = 1_024

/** Tells a response from other sources by what it has: several classes go by that name. */
export const isResponse = (source: unknown): source is ResponseLike =>
  typeof (source as ResponseLike | null)?.headers?.get === 'function' &&
  typeof (source as ResponseLike).status === 'number'

/**
 * Takes hold of a response's body.
 *
 * @returns a source whose first read rejects with `ERR_SSE_RESPONSE` if the response is no event stream; it is to be cancelled then.
 * @throws {TypeError} when somebody has read the body, or is reading it.
 */
export function responseSource(response: ResponseLike): ChunkSource {
  const { body, bodyUsed } = response
  if (bodyUsed) throw wrongType('the body', 'one that has not been read', response)
  const source = body ? chunkSource(body) : undefined
  const problem = problemOf(response)
  if (source !== undefined && problem === undefined) return source
  return {
    async read() {
      const data = source && (await excerptOf(source))
      const { status } = response
      throw new SseError('ERR_SSE_RESPONSE', `The response ${problem}`, { status, data })
    },
    cancel: (reason) => source?.cancel(reason),
  }
}

/** Says why a response is no event stream, if it is none. */
function problemOf({ status, headers, body }: ResponseLike): string | undefined {
  // [spec] Otherwise, if res's status is not 200, or if res's `Content-Type` is not `text/event-stream`,
  // [spec] then fail the connection.
  if (status !== 200) return `has the status ${status}, not 200`
  const type = headers.get('content-type') ?? ''
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'text/event-stream') {
    return `has the content type ${JSON.stringify(type.slice(0, 80))}, not text/event-stream`
  }
  if (!body) return 'has no body that can be read'
  return undefined
}

/** Gives the beginning of a body, as far as it comes soon. */
async function excerptOf(source: ChunkSource): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  const timer = setTimeout(() => source.cancel(), EXCERPT_MS)
  try {
    while (text.length < EXCERPT_LENGTH) {
      const { done, value } = await source.read()
      if (done) break
      text +=
        typeof value === 'string' ? value : decoder.decode(value as Uint8Array, { stream: true })
    }
  } catch {
    // The response is refused for a better reason.
  } finally {
    clearTimeout(timer)
  }
  return text
}
