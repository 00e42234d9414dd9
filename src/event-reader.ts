// The iterator over the events of one source.

import { onAbort } from './abort.js'
import type { ChunkSource } from './chunk-source.js'
import type { Intake } from './intake.js'
import type { AnyReceived } from './reception.js'

type Step = IteratorResult<AnyReceived, undefined>

const DONE: Step = { done: true, value: undefined }

/**
 * Pulls events out of a source.
 *
 * Written by hand: an async generator over the same queue takes twice as long for each event.
 */
export class EventReader {
  readonly #source: ChunkSource
  readonly #intake: Intake
  readonly #unwatch: (() => void) | undefined
  #isStopped = false
  /** Whether the source has no more. */
  #hasEnded = false
  /** What `next` was called for and has not settled: calls take turns. */
  #turn: Promise<unknown> | undefined
  /** Ends the wait that is on. */
  #interrupt: (() => void) | undefined
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
    if (this.#turn === undefined) {
      try {
        const event = this.#intake.take()
        // Nearly all events come this way: no more than a promise for each.
        if (event !== undefined) return Promise.resolve({ done: false, value: event })
      } catch (error) {
        this.#fail(error)
      }
    }
    return this.#enqueue(() => this.#pull())
  }

  return(): Promise<Step> {
    this.#stop()
    return Promise.resolve(DONE)
  }

  /** Lets a call have its turn after those before it. */
  #enqueue(pull: () => Promise<Step>): Promise<Step> {
    const turn = this.#turn?.then(pull, pull) ?? pull()
    this.#turn = turn
    const leave = () => {
      if (this.#turn === turn) this.#turn = undefined
    }
    turn.then(leave, leave)
    return turn
  }

  async #pull(): Promise<Step> {
    const intake = this.#intake
    try {
      for (;;) {
        const event = intake.take() ?? (intake.coming && (await this.#wait(intake.settle())))
        if (event !== undefined) return { done: false, value: event }
        if (intake.isOver || this.#hasEnded) break
        await this.#read()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#stop()
    const failure = this.#failure
    if (failure === undefined) return DONE
    this.#failure = undefined
    throw failure.error
  }

  async #read(): Promise<void> {
    const step = await this.#wait(this.#source.read())
    if (step?.done) {
      this.#hasEnded = true
      this.#intake.end()
    } else if (step !== undefined) this.#intake.push(step.value)
  }

  /** Gives what the promise comes to; `undefined` if nobody waits for it any more. */
  #wait<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined)
      // What has made the promise may have stopped it, too.
      if (this.#isStopped) this.#interrupt()
      promise.then(resolve, reject)
    })
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.#failure = { error }
    this.#stop(error)
  }

  #stop(reason?: unknown): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#intake.isOver = true
    this.#unwatch?.()
    this.#source.cancel(reason)
    this.#interrupt?.()
  }
}
