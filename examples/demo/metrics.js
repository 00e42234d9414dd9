// What this process costs: a sample a second, the last two minutes of them kept.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { streamStats } from 'eventwire'
import { eventIdOf, placeOf } from './event-id.js'

/** @import { SourceObserver } from 'eventwire' */

/**
 * @typedef {object} Sample
 * @property {number} at - in milliseconds since 1970
 * @property {number} cpuPercent - of one core
 * @property {number} loopDelayMs - the longest of the last second
 * @property {number} heapMb
 * @property {number} rssMb
 * @property {{ open: number, eventsSent: number, bytesSent: number }} streams - of this process
 */

/** @typedef {{ event: 'sample', id: string, data: Sample }} SampleEvent */

const INTERVAL_MS = 1_000
const MAX_KEPT = 120
const RESOLUTION_MS = 10
const MEGABYTE = 1_000_000

export class Metrics {
  /** @type {SampleEvent[]} */
  #kept = []
  #taken = 0
  /** @type {Set<SourceObserver<SampleEvent>>} */
  #observers = new Set()
  #cpu = process.cpuUsage()
  #cpuAt = performance.now()
  #loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  constructor() {
    this.#loopDelay.enable()
    setInterval(() => this.#publish(), INTERVAL_MS).unref()
  }

  /**
   * Gives what a client with this last event id has missed: all that is kept if it starts fresh, or if
   * its id is too old or from an earlier run of the server.
   *
   * @param {string} lastEventId
   * @returns {{ resume: 'fresh' | 'resumed' | 'gap', samples: SampleEvent[] }}
   */
  since(lastEventId) {
    if (lastEventId === '') return { resume: 'fresh', samples: this.#kept }
    const missed = this.#taken - (placeOf(lastEventId) ?? Number.NEGATIVE_INFINITY)
    if (missed < 0 || missed > this.#kept.length) return { resume: 'gap', samples: this.#kept }
    return { resume: 'resumed', samples: missed === 0 ? [] : this.#kept.slice(-missed) }
  }

  /**
   * Calls the observer with each sample from now on: `stream.sendAll(metrics)`.
   *
   * @param {SourceObserver<SampleEvent>} observer
   * @returns what ends it
   */
  subscribe(observer) {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  #publish() {
    const id = eventIdOf(++this.#taken)
    /** @type {SampleEvent} */
    const event = { event: 'sample', id, data: this.#takeSample() }
    this.#kept = [...this.#kept, event].slice(-MAX_KEPT)
    for (const observer of this.#observers) observer.next(event)
  }

  /** @returns {Sample} */
  #takeSample() {
    const { open, eventsSent, bytesSent } = streamStats()
    const { heapUsed, rss } = process.memoryUsage()
    return {
      at: Date.now(),
      cpuPercent: round(this.#takeCpuPercent()),
      loopDelayMs: round(this.#takeLoopDelayMs()),
      heapMb: round(heapUsed / MEGABYTE),
      rssMb: round(rss / MEGABYTE),
      streams: { open, eventsSent, bytesSent },
    }
  }

  #takeCpuPercent() {
    const { user, system } = process.cpuUsage(this.#cpu)
    const elapsedMs = performance.now() - this.#cpuAt
    this.#cpu = process.cpuUsage()
    this.#cpuAt = performance.now()
    return (user + system) / 10 / elapsedMs
  }

  #takeLoopDelayMs() {
    // The histogram holds the time between two timers: what they were set to, and the delay.
    const longestMs = this.#loopDelay.max / 1e6 - RESOLUTION_MS
    this.#loopDelay.reset()
    return Math.max(0, longestMs)
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100
}
