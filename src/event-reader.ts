// The iterator over the events of one source.

import { onAbort } from './abort.js'
import type { ChunkSource, ChunkStep } from './chunk-source.js'
import type { Intake } from './intake.js'
import type { AnyReceived } from './reception.js'

type Step = IteratorResult<AnyReceived, undefined>

const DONE: Step = { done: true, value: undefined }

/** A call of `next` that waits. */
interface Call {
  readonly resolve: (step: Step) => void
  readonly reject: (error: unknown) => void
}

/**
 * Pulls events out of a source.
 *
 * Written by hand: an async generator over the same queue takes twice as long for each event, and `await` for each chunk
 * costs promises of its own.
 */
export class EventReader {
  readonly #source: ChunkSource
  readonly #intake: Intake
  readonly #unwatch: (() => void) | undefined
  /** In their order. While there are any, one thing is waited for: a chunk, or a validator. */
  readonly #calls: Call[] = []
  #isStopped = false
  /** Whether the source has no more. */
  #hasEnded = false
  /** What the iteration fails with, which is told once. */
  #failure: { readonly error: unknown } | undefined

  constructor(source: ChunkSource, intake: Intake, signal: AbortSignal | undefined) {
    this.#source = source
    this.#intake = intake
    if (signal) this.#unwatch = onAbort(signal, () => this.#fail(signal.reason))
  }

  get lastEventId(): string {
    return this.#intake.lastEventId
  }

  get retryMs(): number | undefined {
    return this.#intake.retryMs
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    if (this.#calls.length === 0) {
      try {
        const event = this.#intake.take()
        // Nearly all events come this way: no more than a promise for each.
        if (event !== undefined) return Promise.resolve({ done: false, value: event })
      } catch (error) {
        this.#fail(error)
      }
    }
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject })
      if (this.#calls.length === 1) this.#advance()
    })
  }

  return(): Promise<Step> {
    this.#stop()
    return Promise.resolve(DONE)
  }

  /** Takes in what was waited for, and answers the calls until there is something else to wait for. */
  #advance(takeIn?: () => void): void {
    const intake = this.#intake
    try {
      takeIn?.()
      while (this.#calls.length > 0) {
        const event = intake.take()
        if (event !== undefined) {
          this.#give(event)
          continue
        }
        if (intake.coming && !intake.isOver) this.#wait(intake.coming, (late) => this.#give(late))
        else if (intake.isOver || this.#hasEnded) this.#stop()
        else this.#wait(this.#source.read(), (step) => this.#takeIn(step))
        return
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #wait<T>(promise: Promise<T>, takeIn: (value: T) => void): void {
    promise.then(
      (value) => this.#advance(() => takeIn(value)),
      (error) => this.#fail(error),
    )
  }

  #takeIn({ done, value }: ChunkStep): void {
    if (done) {
      this.#hasEnded = true
      this.#intake.end()
    } else this.#intake.push(value)
  }

  #give(event: AnyReceived | undefined): void {
    if (event !== undefined) this.#calls.shift()?.resolve({ done: false, value: event })
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.#failure = { error }
    this.#stop(error)
  }

  /** Ends it, if it has not ended, and the calls that wait. */
  #stop(reason?: unknown): void {
    if (!this.#isStopped) {
      this.#isStopped = true
      this.#intake.isOver = true
      this.#unwatch?.()
      this.#source.cancel(reason)
    }
    for (const { resolve, reject } of this.#calls.splice(0)) {
      const failure = this.#failure
      this.#failure = undefined
      if (failure === undefined) resolve(DONE)
      else reject(failure.error)
    }
  }
}
