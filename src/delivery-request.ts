// How a client asks for events where nothing streams, and how it finds out that nothing does, or that something does again.

import type { SseError } from './errors.js'
import { MAX_DELAY_MS } from './misuse.js'

/** How a client asks for events: `delivery` of `ConnectOptions`. */
export type RequestedDelivery = 'stream' | 'auto' | 'long-poll' | 'poll'

/** What one attempt asks for. */
export type AttemptDelivery = Exclude<RequestedDelivery, 'auto'>

/** What a server may take over a long poll, 25 seconds, and the way there and back. */
const LONG_POLL_MS = 35_000

/** A silence of so many milliseconds between two chunks of one response is none that a proxy makes which has all of it. */
const STREAMING_MS = 1_000

/** Knows what the next attempt asks for, and whether the response that is read is a batch. */
export class DeliveryRequest {
  /** What attempts ask for now. */
  asked: AttemptDelivery
  /** Whether the server has said that the end of this response is not the end of the events. */
  isBatch = false
  readonly #isAuto: boolean
  readonly #firstByteMs: number
  readonly #idleMs: number | false
  #hasBytes = false

  constructor(delivery: RequestedDelivery, firstByteMs: number, idleMs: number | false) {
    this.#isAuto = delivery === 'auto'
    this.asked = delivery === 'auto' ? 'stream' : delivery
    this.#firstByteMs = firstByteMs
    this.#idleMs = idleMs
  }

  /** For how long no byte may come now. */
  get idleMs(): number | false {
    const idleMs = this.#idleMs
    if (this.asked === 'long-poll') return idleMs && Math.max(idleMs, LONG_POLL_MS)
    const isWatching = this.#isAuto && !this.#hasBytes
    return isWatching ? Math.min(idleMs || MAX_DELAY_MS, this.#firstByteMs) : idleMs
  }

  /** Hears that an attempt begins. */
  attempt(): void {
    this.isBatch = false
    this.#hasBytes = false
  }

  /** Gives the URL with what is asked for, and the rest of its query as it was: it may be signed. */
  onto(url: string): string {
    if (this.asked === 'stream') return url
    const asking = new URL(url)
    const parameters = asking.search.slice(1).split('&')
    const others = parameters.filter((parameter) => !/^(delivery(=|$)|$)/.test(parameter))
    asking.search = [...others, `delivery=${this.asked}`].join('&')
    return asking.href
  }

  /** Hears that bytes of a response, or its end, have come after such a silence. */
  hear(silentMs: number): void {
    if (this.#isAuto && this.#hasBytes && silentMs >= STREAMING_MS) this.asked = 'stream'
    this.#hasBytes = true
  }

  /** Hears a comment: servers say by one that a response is a batch. */
  hearComment(comment: string): void {
    if (/^delivery=(long-)?poll$/.test(comment)) this.isBatch = true
  }

  /** Tells whether that is how a stream ends which something holds back, and asks for long polls from now on if it is. */
  isHeldBack(error: SseError | undefined): boolean {
    const isHeldBack =
      this.#isAuto &&
      this.asked === 'stream' &&
      !this.#hasBytes &&
      error?.code === 'ERR_SSE_TIMEOUT'
    if (isHeldBack) this.asked = 'long-poll'
    return isHeldBack
  }
}
