// A job: rows that are imported one by one, and a channel that tells how far it is.
// @ts-check

import { randomUUID } from 'node:crypto'
import { SseChannel } from 'eventwire'

/** @typedef {{ done: number, total: number }} Progress */
/** @typedef {Progress & { outcome: 'done' | 'stopped' | 'failed' }} End */
/** @typedef {{ progress: Progress, end: End }} JobEvents */

/** How long a job goes on with nobody watching: time enough to reconnect. */
export const GRACE_MS = 5_000

/** Begins at once, and ends when its rows are done, when it is stopped, or when nobody watches any more. */
export class Job {
  id = randomUUID()
  /** The id of the event that tells of the end. */
  endId = ''
  #done = 0
  /** @type {End['outcome'] | undefined} */
  #outcome
  #importRow
  #stopping = new AbortController()
  /** @type {NodeJS.Timeout | undefined} */
  #grace
  /** @type {SseChannel<JobEvents>} */
  #channel = new SseChannel({
    snapshot: () => [this.#state()],
    onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
  })

  /**
   * @param {number} total
   * @param {(signal: AbortSignal) => Promise<unknown>} importRow
   */
  constructor(total, importRow) {
    this.total = total
    this.#importRow = importRow
    this.ended = this.#run()
    this.#giveGrace()
  }

  /** @param {import('eventwire').SseStream<JobEvents>} stream */
  async showTo(stream) {
    await this.#channel.subscribe(stream)
    await Promise.race([this.ended, stream.closed])
    if (this.#outcome) await stream.end()
    else this.#giveGrace()
  }

  stop() {
    this.#stopping.abort()
    return this.ended
  }

  async #run() {
    const { signal } = this.#stopping
    try {
      for (; this.#done < this.total; this.#done++) {
        // For a slow page, the newest progress takes the place of the one that waits.
        this.#channel.publish(this.#state(), { conflate: 'progress' })
        await this.#importRow(signal)
      }
      this.#outcome = 'done'
    } catch (error) {
      this.#outcome = signal.aborted ? 'stopped' : 'failed'
      if (!signal.aborted) console.error(error)
    }
    clearTimeout(this.#grace)
    console.log(`Job ${this.id}: ${this.#outcome} at ${this.#done} of ${this.total}`)
    this.endId = await this.#channel.publish(this.#state())
  }

  #giveGrace() {
    clearTimeout(this.#grace)
    this.#grace = setTimeout(() => {
      if (this.#channel.size === 0) this.stop()
    }, GRACE_MS)
  }

  /** @returns {{ event: 'progress', data: Progress } | { event: 'end', data: End }} */
  #state() {
    const progress = { done: this.#done, total: this.total }
    if (this.#outcome === undefined) return { event: 'progress', data: progress }
    return { event: 'end', data: { ...progress, outcome: this.#outcome } }
  }
}
