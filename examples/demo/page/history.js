// What the charts show: the samples in columns, the times without a connection, and what is missing.

/** @import { Sample } from '../metrics.js' */

/** @typedef {'cpuPercent' | 'loopDelayMs' | 'heapMb'} SeriesName */

/** @typedef {{ from: number, to: number | undefined }} Outage - in seconds since 1970 */

const MAX_KEPT = 150

export class History {
  /** When each sample was taken, in seconds since 1970. */
  times = /** @type {number[]} */ ([])
  /** @type {Record<SeriesName, number[]>} */
  values = { cpuPercent: [], loopDelayMs: [], heapMb: [] }
  /** @type {Outage[]} */
  outages = []
  /** How many samples were skipped. */
  missing = 0
  /** The numbers of the samples. */
  places = /** @type {number[]} */ ([])

  get size() {
    return this.places.length
  }

  /** @param {Sample} sample */
  add(sample) {
    const place = sample.number
    this.missing += place - 1 - (this.places.at(-1) ?? place - 1)
    this.places.push(place)
    this.times.push(sample.at / 1_000)
    this.values.cpuPercent.push(sample.cpuPercent)
    this.values.loopDelayMs.push(sample.loopDelayMs)
    this.values.heapMb.push(sample.heapMb)
    if (this.size > MAX_KEPT) for (const column of this.#columns()) column.shift()
  }

  clear() {
    for (const column of this.#columns()) column.length = 0
  }

  beginOutage() {
    if (this.outages.at(-1)?.to === undefined && this.outages.length > 0) return
    this.outages.push({ from: Date.now() / 1_000, to: undefined })
  }

  endOutage() {
    const outage = this.outages.at(-1)
    if (outage) outage.to ??= Date.now() / 1_000
  }

  #columns() {
    return [this.places, this.times, ...Object.values(this.values)]
  }
}
