// A Request of the Fetch standard, answered by a Response whose body is the stream.

import { wrongType } from '../misuse.js'
import type { Sink } from '../sink.js'
import type { SseStream } from '../stream.js'
import type { Exchange } from './exchange.js'
import { ReadableSink } from './readable-sink.js'

/** The exchange of the Fetch runtimes. */
export class FetchExchange implements Exchange {
  /** There once the exchange is through. */
  response: Response | undefined
  readonly #request: Request | undefined
  readonly #headers = new Headers()

  /** @param request - not needed by answers that do not depend on it */
  constructor(request?: Request) {
    this.#request = request
  }

  get method(): string | undefined {
    return this.#request?.method
  }

  get url(): string {
    return this.#request?.url ?? ''
  }

  requestHeader(name: string): string | undefined {
    return this.#request?.headers.get(name) ?? undefined
  }

  get hasLeft(): boolean {
    return this.#request?.signal?.aborted ?? false
  }

  readonly isAnswered = false

  // Which protocol the response goes out by is the server's affair.
  readonly hasNoConnection = true

  readonly status = 200

  checkHeader(name: string, value: string): void {
    try {
      new Headers().append(name, value)
    } catch {
      throw wrongType(`the header \`${name}\``, 'one that can be sent', value)
    }
  }

  header(name: string): unknown {
    return this.#headers.get(name) ?? undefined
  }

  setHeader(name: string, value: string | number | readonly string[]): void {
    this.#headers.delete(name)
    for (const item of [value].flat()) this.#headers.append(name, `${item}`)
  }

  removeHeader(name: string): void {
    this.#headers.delete(name)
  }

  finish(status: number, body: string | undefined): void {
    this.response = new Response(body || null, { status, headers: this.#headers })
  }

  begin(status: number, coding: string | undefined): Sink {
    if (coding !== undefined) this.setHeader('content-encoding', coding)
    const sink = new ReadableSink(this.#request?.signal)
    const init = {
      status,
      headers: this.#headers,
      // Workers would compress what `content-encoding` says is compressed.
      encodeBody: 'manual',
    }
    this.response = new Response(sink.readable, init)
    return sink
  }

  opened(stream: SseStream): void {
    // The head leaves once the handler has returned the response; Bun's server holds it back until something is written.
    if ('Bun' in globalThis) stream.comment()
  }
}
