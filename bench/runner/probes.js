// Clients that tell how long each event took, by the time that the server has put into it.

import { nowMicros } from './child.js'
import { percentile } from './figures.js'

/** What begins an event's data: when it was published, on the clock of this machine. */
export const stamped = (text) => `${nowMicros()} ${text}`

const STAMP = /data: ?"?(\d+) /

/** Collects the delays of the events of many clients. */
export class Delays {
  #micros = []

  /** Reads what comes from `source` as events. */
  watch(source) {
    let text = ''
    source.setEncoding('latin1').on('data', (chunk) => {
      const now = nowMicros()
      text += chunk
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const [, sent] = STAMP.exec(text.slice(0, Math.min(end, 200))) ?? []
        if (sent !== undefined) this.add(now - Number(sent))
        text = text.slice(end + 2)
      }
    })
  }

  add(micros) {
    this.#micros.push(micros)
  }

  /**
   * Gives the percentiles that `units` name, in milliseconds, and how many there were; then starts over.
   *
   * @param {Record<string, number>} units
   */
  take(units) {
    const sorted = this.#micros.sort((a, b) => a - b)
    this.#micros = []
    const readings = Object.entries(units).map(([unit, percent]) => [
      unit,
      percentile(sorted, percent) / 1_000,
    ])
    return { count: sorted.length, readings: Object.fromEntries(readings) }
  }
}
