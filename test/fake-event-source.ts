// What a browser's EventSource does, over Node's HTTP: reads, waits, and comes back with the last id that it saw.

import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, ask, type Protocol } from './adapters/client.js'
import { readWire, type WireEvent } from './wire.js'

export interface FakeEventSourceOptions {
  protocol?: Protocol
  path?: string
}

export class FakeEventSource {
  /** The reconnection times that it was given, in order. */
  readonly retriesMs: number[] = []
  /** How often a response has begun. */
  opened = 0
  /** The ids with which it came back, in order. */
  readonly resumedFrom: string[] = []
  /** Why it has given up, as an EventSource does at each status but 200. */
  failure: string | undefined

  readonly #protocol: Protocol
  readonly #path: string
  readonly #address: () => string
  readonly #seen: WireEvent[] = []
  readonly #closing = new AbortController()
  readonly #done: Promise<void>
  #answer: Answer | undefined
  #lastEventId = ''
  #retryMs = 20

  /** @param address - gives the server of the next attempt */
  constructor(address: () => string, options: FakeEventSourceOptions = {}) {
    this.#address = address
    this.#protocol = options.protocol ?? 'http/1.1'
    this.#path = options.path ?? '/feed'
    this.#done = this.#run()
  }

  /** The events of all its connections, in the order in which they came. */
  get events(): WireEvent[] {
    return [...this.#seen, ...readWire(completeIn(this.#answer?.received() ?? ''))]
  }

  /** The id with which it would come back now. */
  get lastEventId(): string {
    return idsOf(this.#answer?.received() ?? '').at(-1) ?? this.#lastEventId
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#answer?.leave()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted && this.failure === undefined) {
      await this.#connect()
      // [spec] Wait a delay equal to the reconnection time of the event source.
      await wait(this.#retryMs, undefined, { signal }).catch(() => {})
    }
  }

  async #connect(): Promise<void> {
    const headers = {
      accept: 'text/event-stream',
      ...(this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId }),
    }
    const answer = await ask(this.#address(), this.#protocol, { path: this.#path, headers }).catch(
      // A network error: an EventSource tries again.
      () => undefined,
    )
    if (answer === undefined) return
    const { status, headers: received } = answer
    if (status !== 200 || received['content-type'] !== 'text/event-stream') {
      this.failure = `${status} ${received['content-type']}`
      return answer.leave()
    }
    if (this.opened++ > 0) this.resumedFrom.push(this.#lastEventId)
    this.#answer = answer
    if (this.#closing.signal.aborted) answer.leave()
    // However it ends: in good order, or cut.
    await answer.whole.catch(() => {})
    this.#take(answer.received())
  }

  #take(text: string): void {
    this.#answer = undefined
    this.#seen.push(...readWire(completeIn(text)))
    this.#lastEventId = idsOf(text).at(-1) ?? this.#lastEventId
    for (const [, ms] of completeIn(text).matchAll(/^retry: (.*)$/gm)) {
      this.retriesMs.push(Number(ms))
    }
    this.#retryMs = this.retriesMs.at(-1) ?? this.#retryMs
  }
}

// [spec] Once the end of the file is reached, any pending data must be discarded.
const completeIn = (text: string) => text.slice(0, text.lastIndexOf('\n\n') + 2)

const idsOf = (text: string) =>
  [...completeIn(text).matchAll(/^id: (.*)$/gm)].map(([, id]) => id as string)
