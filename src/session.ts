// One connection after another, as one source of bytes: attempts, answers, cuts and waits.

import type { SseActivity } from './activity.js'
import { type AttemptRequest, isCarried, makeRequest } from './attempt-request.js'
import { Backoff } from './backoff.js'
import { type ChunkSource, chunkSource } from './chunk-source.js'
import type { Attempt, ResolvedConnectOptions, StatusVerdict } from './connect-options.js'
import { DeliveryRequest } from './delivery-request.js'
import { SseError } from './errors.js'
import { isResponse, problemOf, type ResponseLike, responseSource } from './event-response.js'
import { Intake } from './intake.js'
import { object, oneOf, wrongType } from './misuse.js'
import { isFutile, lost, onNetwork } from './network.js'
import { retryAfterMs } from './retry-after.js'
import { Watchdog } from './watchdog.js'

/** What a connection is doing: an attempt, reading, waiting for the next attempt, or nothing any more. */
export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'closed'

type Step = Awaited<ReturnType<ChunkSource['read']>>

const DONE: Step = { done: true }
const NOTHING: Step = { value: '' }

/** A connection that ended, before the wait for the next. */
interface Loss {
  readonly error: SseError | undefined
  readonly retryAfterMs: number
  /** Whether the connection did what it was asked for, or is to be asked for in another way: no failure. */
  readonly isExpected: boolean
}

/**
 * Does nothing but when it is read, so that nothing is read for a consumer that does not ask; no wait settles once it is
 * cancelled, so that nothing goes on then.
 */
export class Session implements ChunkSource {
  state: ConnectionState = 'connecting'
  /** What takes its bytes, with ears for what it has to know of them. */
  readonly intake: Intake

  readonly #url: string | URL
  readonly #options: ResolvedConnectOptions
  readonly #backoff: Backoff
  readonly #watchdog: Watchdog
  readonly #delivery: DeliveryRequest
  #number = 0
  /** Why the attempt before has ended. */
  #error: SseError | undefined
  #loss: Loss | undefined
  #controller: AbortController | undefined
  #body: ChunkSource | undefined
  #timer: unknown
  #isCancelled = false
  #comesBack: boolean

  constructor(url: string | URL, options: ResolvedConnectOptions) {
    const { parsing, backoff, clock, random, idleTimeoutMs, eventTimeoutMs } = options
    const { delivery, firstByteTimeoutMs } = options
    const { until, onComment } = parsing
    this.#url = url
    this.#options = options
    this.#comesBack = options.comesBack
    this.#backoff = new Backoff(backoff, clock, random)
    this.#watchdog = new Watchdog(clock, eventTimeoutMs)
    this.#delivery = new DeliveryRequest(delivery, firstByteTimeoutMs, idleTimeoutMs)
    const hearComment = (comment: string) => {
      this.#delivery.hearComment(comment)
      this.#report({ type: 'comment', comment })
      onComment?.(comment)
    }
    const heard = {
      ...parsing,
      onComment: hearComment,
      until: (event: Parameters<NonNullable<typeof until>>[0]) => {
        this.#watchdog.relax()
        this.#backoff.reset()
        // No object for each event unless somebody listens.
        options.onActivity?.({ type: 'event', event })
        return until?.(event) ?? false
      },
    }
    this.intake = new Intake(heard, options.lastEventId)
  }

  async read(): Promise<Step> {
    for (;;) {
      if (this.#isCancelled) return DONE
      if (this.#loss !== undefined) await this.#wait(this.#loss)
      const body = this.#body ?? (await this.#connect())
      if (body === 'end') return DONE
      const step = body && (await this.#readOn(body))
      if (step !== undefined) return step
    }
  }

  cancel(error?: unknown): void {
    this.#isCancelled = true
    this.state = 'closed'
    this.#watchdog.stop()
    this.#options.clock.clearTimeout(this.#timer)
    this.#drop()
    try {
      this.#report({ type: 'close', error })
    } catch {
      // Nothing is left that could fail for it.
    }
  }

  /** Gives what comes next; nothing if the connection was lost instead. */
  async #readOn(body: ChunkSource): Promise<Step | undefined> {
    const { isEndFinal, clock } = this.#options
    const delivery = this.#delivery
    const startMs = clock.now()
    this.#watchdog.expectEvent()
    try {
      const step = await this.#watchdog.watch(body.read(), delivery.idleMs)
      this.#backoff.live()
      delivery.hear(clock.now() - startMs)
      if (!step.done || (isEndFinal && !delivery.isBatch)) return step
    } catch (cause) {
      const error = lost('The connection broke', cause)
      // That nothing came for too long is no sign of life.
      if (error !== cause) this.#backoff.live()
      this.#lose(error)
      return undefined
    }
    // There may be one more event, for the reader to take before it asks for more.
    this.intake.end()
    this.#lose(undefined)
    return NOTHING
  }

  /** Makes one attempt. Gives the stream that came of it, or nothing if there may be another attempt. */
  async #connect(): Promise<ChunkSource | 'end' | undefined> {
    const { lastEventId } = this.intake
    const controller = new AbortController()
    const { signal } = controller
    const delivery = this.#delivery
    delivery.attempt()
    const attempt = { number: ++this.#number, lastEventId, error: this.#error, signal }
    this.#controller = controller
    this.state = 'connecting'
    const withinMs = this.#backoff.attempt()
    const isIdLeftOut = !isCarried(lastEventId)
    const { number } = attempt
    this.#report({ type: 'attempt', number, lastEventId, isIdLeftOut, delivery: delivery.asked })
    let response: ResponseLike
    try {
      response = await this.#watchdog.watch(this.#ask(attempt), delivery.idleMs, withinMs)
    } catch (error) {
      if (!(error instanceof SseError)) throw error
      this.#lose(error)
      return undefined
    }
    if (!isResponse(response)) throw wrongType('what `fetch` gives', 'a Response', response)
    return problemOf(response) === undefined
      ? this.#open(response)
      : this.#refuse(response, attempt)
  }

  async #ask(attempt: Attempt): Promise<ResponseLike> {
    const { signal, lastEventId } = attempt
    signal.throwIfAborted()
    const own = object('what `request` gives', await this.#ownRequest(attempt))
    if (own.clone) throw wrongType('what `request` gives', 'options of `fetch`', own)
    const request = { ...own, url: own.url ?? this.#url }
    const { url, init } = makeRequest(request, this.#options, lastEventId)
    signal.throwIfAborted()
    const { fetch = globalThis.fetch } = this.#options
    try {
      const response = await fetch(this.#delivery.onto(url), { ...init, signal })
      // A `fetch` that does not know signals has answered too late.
      if (signal.aborted && response.body) chunkSource(response.body).cancel()
      return response
    } catch (cause) {
      if (!signal.aborted && isFutile(cause)) this.#comesBack = false
      throw lost('The request failed', cause)
    }
  }

  async #ownRequest(attempt: Attempt): Promise<AttemptRequest> {
    try {
      return (await this.#options.request?.(attempt)) ?? {}
    } catch (cause) {
      // It may have needed the network. What never works is found out at the first attempt.
      throw attempt.number === 1 ? cause : lost('The request could not be made', cause)
    }
  }

  #open(response: ResponseLike): ChunkSource | undefined {
    const { url = '', headers, body } = response
    this.#body = chunkSource(body as NonNullable<typeof body>)
    this.state = 'open'
    this.#backoff.open()
    // [spec] The buffers start empty with each connection; the last event ID and the reconnection time stay.
    this.intake.restart()
    this.#report({ type: 'open', url, headers })
    return this.#body
  }

  /** Takes care of a response that is no event stream: its body is put away, and never read as events. */
  async #refuse(response: ResponseLike, attempt: Attempt): Promise<'end' | undefined> {
    const { onStatus, clock } = this.#options
    const source = responseSource(response)
    // However this goes on, it is put away with the connection.
    this.#body = source
    const verdict = onStatus?.(response, attempt) ?? defaultVerdict(response.status)
    if (oneOf('what `onStatus` gives', verdict, VERDICTS) === 'end') return 'end'
    const error = await this.#watchdog
      .watch(source.read(), this.#delivery.idleMs)
      .catch((refusal) => refusal)
    if (verdict === 'fail') throw error
    this.#lose(error, retryAfterMs(response.headers.get('retry-after'), clock.now()))
    return undefined
  }

  /** Puts the connection away, to wait for the next attempt when more is asked for. */
  #lose(error: SseError | undefined, retryAfter = 0): void {
    this.#drop()
    const isExpected = error ? this.#delivery.isHeldBack(error) : this.#delivery.isBatch
    if (!isExpected && !this.#comesBack) throw error
    this.#loss = { error, retryAfterMs: retryAfter, isExpected }
  }

  #drop(): void {
    this.#watchdog.relax()
    this.#controller?.abort()
    this.#body?.cancel()
    this.#body = undefined
  }

  async #wait(loss: Loss): Promise<void> {
    const { clock } = this.#options
    const { error } = loss
    const delayMs = this.#delayMs(loss)
    this.#loss = undefined
    this.#error = error
    this.state = 'waiting'
    this.#report({ type: 'retry', delayMs, error })
    this.#controller = new AbortController()
    const { signal } = this.#controller
    await new Promise<void>((resolve) => {
      if (this.#isCancelled) return
      this.#timer = clock.setTimeout(resolve, delayMs)
      if (error?.code === 'ERR_SSE_CONNECTION') onNetwork(resolve, signal)
    })
    clock.clearTimeout(this.#timer)
    this.#drop()
  }

  #delayMs({ error, retryAfterMs, isExpected }: Loss): number {
    const { retryMs } = this.intake
    if (!isExpected) return this.#backoff.delayMs(retryMs, retryAfterMs, error)
    return error ? 0 : this.#backoff.betweenBatchesMs(retryMs)
  }

  #report(activity: SseActivity): void {
    this.#options.onActivity?.(activity)
  }
}

const VERDICTS: readonly StatusVerdict[] = ['retry', 'fail', 'end']

function defaultVerdict(status: number): StatusVerdict {
  // [spec] HTTP 204 No Content tells the client to stop reconnecting.
  if (status === 204) return 'end'
  return status >= 500 || [408, 425, 429].includes(status) ? 'retry' : 'fail'
}
