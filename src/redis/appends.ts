// Events on their way into Redis: in the order of the calls, each once, none for longer than it may take.

import { Alarm, nowMs, ring } from '../clock.js'
import { SseError } from '../errors.js'
import type { Connection } from './connection.js'
import { isPassing, isUnknownScript, isWrongMoment } from './replies.js'
import { append } from './scripts.js'

/** How long to let a server that is not itself have, before it is asked again. */
const PAUSE_MS = 50

/** One event, until its caller has been told. */
class Item {
  readonly keys: string[]
  readonly args: string[]
  readonly counter: number
  readonly dueMs: number
  readonly told: Promise<string>
  /** Why it has not gone well so far. */
  cause: unknown
  isTold = false
  #resolve: (id: string) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(keys: string[], args: string[], counter: number, dueMs: number) {
    this.keys = keys
    this.args = args
    this.counter = counter
    this.dueMs = dueMs
    this.told = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  resolve(id: string): void {
    this.isTold = true
    this.#resolve(id)
  }

  reject(message: string, code: 'ERR_SSE_LOG' | 'ERR_SSE_CLOSED' = 'ERR_SSE_LOG'): void {
    this.isTold = true
    this.#reject(new SseError(code, message, { cause: this.cause }))
  }
}

/**
 * The events of one log, on their way.
 *
 * Nothing is handed to a client that has no connection: it would hold it for as long as that takes. What was under way when
 * the connection broke is sent again, which the script tells from a new event by the counter.
 */
export class Appends {
  readonly #connection: Connection
  readonly #timeoutMs: number
  readonly #underWay = new Set<Item>()
  /** The last that is under way on each channel, by its first key. */
  readonly #ahead = new Map<string, Item>()
  /** In the order of the calls. */
  #waiting: Item[] = []
  /** What was under way, and is to be sent again. */
  #failed: Item[] = []
  /** Nothing is sent while the outcome of what is under way is uncertain: what comes later must not come first. */
  #isHeld = false
  #isClosed = false
  /** What the client has said since it last had a connection. */
  #clientError: unknown
  /** A script that this connection has sent once is known there. */
  #isScriptKnown = false
  #counter = 0
  readonly #pause = new Alarm({ [ring]: () => this.#resume() })
  /** For the first that may be late: it is not set anew for each that is not. */
  readonly #deadline = new Alarm({ [ring]: () => this.#onDeadline() })
  #isDeadlineSet = false

  constructor(connection: Connection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
  }

  /** Appends an event: by the script, with these arguments and two that tell its place. */
  add(keys: string[], args: string[]): Promise<string> {
    const item = new Item(keys, args, ++this.#counter, nowMs() + this.#timeoutMs)
    if (!this.#isDeadlineSet) this.#setDeadline(this.#timeoutMs)
    this.#waiting.push(item)
    this.#send()
    return item.told
  }

  /** Hears that there is a connection, perhaps to another server than before. */
  onReady(): void {
    this.#isScriptKnown = false
    this.#clientError = undefined
    // The client may be sending again what was under way: that comes first.
    if (this.#underWay.size > 0) this.#isHeld = true
    else this.#resume()
  }

  /** Hears what the client says of its connection: why events wait. */
  onError(error: unknown): void {
    this.#clientError = error
  }

  /** Settles when nothing is under way any more. What has not been sent is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#pause.stop()
    for (const item of [...this.#failed, ...this.#waiting]) {
      if (!item.isTold)
        item.reject('The log was closed before Redis had the event', 'ERR_SSE_CLOSED')
    }
    await Promise.allSettled(Array.from(this.#underWay, ({ told }) => told))
  }

  #send(): void {
    if (this.#isHeld || this.#isClosed) return
    if (!this.#connection.isReady) {
      this.#connection.wake()
      return
    }
    const items = this.#waiting
    this.#waiting = []
    for (const item of items) if (!item.isTold) void this.#try(item)
  }

  async #try(item: Item): Promise<void> {
    const { keys, args, counter } = item
    const [stream = ''] = keys
    const ahead = this.#ahead.get(stream)?.counter ?? 0
    const isKnown = this.#isScriptKnown && !isUnknownScript(item.cause)
    this.#isScriptKnown = true
    this.#underWay.add(item)
    this.#ahead.set(stream, item)
    try {
      const all = [...args, `${counter}`, `${ahead}`]
      const id = await this.#connection.run(append, keys, all, isKnown)
      if (!item.isTold) item.resolve(String(id))
    } catch (error) {
      item.cause = error
      if (isPassing(error)) this.#onFailure(item)
      else if (!item.isTold) item.reject('Redis has not taken the event')
    }
    this.#underWay.delete(item)
    if (this.#ahead.get(stream) === item) this.#ahead.delete(stream)
    if (this.#isHeld && this.#underWay.size === 0) this.#onCertain()
  }

  #onFailure(item: Item): void {
    if (!item.isTold) {
      if (this.#isClosed)
        item.reject('The log was closed before Redis had the event', 'ERR_SSE_CLOSED')
      else {
        // In a cluster a later one may fail first. Thousands may fail at once, mostly in order.
        const failed = this.#failed
        failed.splice(failed.findLastIndex((one) => one.counter < item.counter) + 1, 0, item)
      }
    }
    this.#isHeld = true
  }

  #setDeadline(delayMs: number): void {
    this.#isDeadlineSet = true
    this.#deadline.start(delayMs)
  }

  #onDeadline(): void {
    this.#isDeadlineSet = false
    const now = nowMs()
    let firstMs = Number.POSITIVE_INFINITY
    for (const items of [this.#underWay, this.#failed, this.#waiting]) {
      for (const item of items) {
        if (item.isTold) continue
        if (item.dueMs > now) {
          // So are all behind it: at an outage there may be many, and this comes often.
          firstMs = Math.min(firstMs, item.dueMs)
          break
        }
        item.cause ??= this.#clientError
        item.reject(`Redis has not taken the event within ${this.#timeoutMs} ms${this.#why()}`)
        // It may yet arrive: nothing overtakes it, nor piles up behind it in the client.
        if (items === this.#underWay) this.#isHeld = true
      }
    }
    const left = this.#waiting.findIndex(({ isTold }) => !isTold)
    if (left !== 0) this.#waiting = left < 0 ? [] : this.#waiting.slice(left)
    if (firstMs < Number.POSITIVE_INFINITY) this.#setDeadline(firstMs - now)
  }

  #why(): string {
    return this.#connection.isReady ? '' : ': the client has no connection'
  }

  #onCertain(): void {
    const failed = this.#failed
    this.#failed = []
    this.#waiting = [...failed, ...this.#waiting]
    if (failed.every(({ cause }) => isWrongMoment(cause))) this.#resume()
    else this.#pause.start(PAUSE_MS)
  }

  #resume(): void {
    if (this.#underWay.size > 0) return
    this.#pause.stop()
    this.#isHeld = false
    this.#send()
  }
}
