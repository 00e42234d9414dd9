// What this process costs: a sample a second, the last two minutes of them kept.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { streamStats } from 'eventwire'

/**
 * @typedef {object} Sample
 * @property {number} number - from 1, since the process started
 * @property {number} at - in milliseconds since 1970
 * @property {number} cpuPercent - of one core
 * @property {number} loopDelayMs - the longest of the last second
 * @property {number} heapMb
 * @property {number} rssMb
 * @property {{ open: number, eventsSent: number, bytesSent: number }} streams - of this process
 */

const INTERVAL_MS = 1_000
const MAX_KEPT = 120
const RESOLUTION_MS = 10
const MEGABYTE = 1_000_000

export class Metrics {
  /** @type {readonly Sample[]} */
  kept = []
  #taken = 0
  #cpu = process.cpuUsage()
  #cpuAt = performance.now()
  #loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  /** @param {(sample: Sample) => void} onSample - called once a second, when the sample is kept already */
  start(onSample) {
    this.#loopDelay.enable()
    const take = () => {
      const sample = this.#takeSample()
      this.kept = [...this.kept, sample].slice(-MAX_KEPT)
      onSample(sample)
    }
    setInterval(take, INTERVAL_MS).unref()
  }

  /** @returns {Sample} */
  #takeSample() {
    const { open, eventsSent, bytesSent } = streamStats()
    const { heapUsed, rss } = process.memoryUsage()
    return {
      number: ++this.#taken,
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
