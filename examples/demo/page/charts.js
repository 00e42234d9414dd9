// The charts: small multiples on one time axis that moves with the clock.

import uPlot from '/uplot/uPlot.esm.js'
import { chartOptions, readColors } from './chart-options.js'
import { formatReading } from './numbers.js'

/** @import { History, SeriesName } from './history.js' */

/** @typedef {{ name: SeriesName, plot: uPlot, output: Element | null }} Chart */

const MIN_SPAN_SECONDS = 30
const MAX_SPAN_SECONDS = 120
// The right edge lies a little in the past, where the line has arrived already.
const LAG_SECONDS = 1.2
const FRAME_MS = 40

const stillness = matchMedia('(prefers-reduced-motion: reduce)')
const darkness = matchMedia('(prefers-color-scheme: dark)')

export class Charts {
  #history
  /** @type {Chart[]} */
  #charts = []
  #clock
  #colors = readColors()
  #drawnMs = 0
  /** @type {number | null} */
  #hovered = null

  /**
   * @param {HTMLElement} element - holds an element with `data-series` for each chart
   * @param {HTMLElement} clock - shows the time at the pointer
   * @param {History} history
   */
  constructor(element, clock, history) {
    this.#clock = clock
    this.#history = history
    const panels = [...element.querySelectorAll('[data-series]')]
    this.#charts = panels.map((panel, index) =>
      this.#createChart(panel, index === panels.length - 1),
    )
    darkness.addEventListener('change', () => {
      this.#colors = readColors()
      for (const { plot } of this.#charts) plot.redraw()
    })
    requestAnimationFrame((nowMs) => this.#animate(nowMs))
  }

  /** Takes over what the history holds now. */
  update() {
    for (const { name, plot } of this.#charts) {
      plot.setData([this.#history.times, this.#history.values[name]], false)
    }
    if (stillness.matches) this.#move()
    this.#showReadings()
  }

  /** @param {number} nowMs */
  #animate(nowMs) {
    requestAnimationFrame((nextMs) => this.#animate(nextMs))
    if (stillness.matches || nowMs - this.#drawnMs < FRAME_MS) return
    this.#drawnMs = nowMs
    this.#move()
  }

  /** Moves the time axis to where it belongs now. */
  #move() {
    const { times } = this.#history
    const [first] = times
    if (first === undefined) return
    const max = stillness.matches ? (times.at(-1) ?? first) : Date.now() / 1_000 - LAG_SECONDS
    const span = Math.min(Math.max(max - first, MIN_SPAN_SECONDS), MAX_SPAN_SECONDS)
    for (const { plot } of this.#charts) plot.setScale('x', { min: max - span, max })
  }

  /** Shows the values at the pointer, or else the newest. */
  #showReadings() {
    const index = this.#hovered ?? this.#history.size - 1
    for (const { name, output } of this.#charts) {
      const value = this.#history.values[name][index]
      if (output && value !== undefined) output.textContent = formatReading(value)
    }
    const time = this.#hovered === null ? undefined : this.#history.times[this.#hovered]
    this.#clock.textContent = time ? `at ${new Date(time * 1_000).toLocaleTimeString()}` : ''
  }

  /** @param {number | null | undefined} index */
  #hover(index) {
    if (this.#hovered === (index ?? null)) return
    this.#hovered = index ?? null
    this.#showReadings()
  }

  /**
   * @param {Element} panel
   * @param {boolean} hasTimeAxis
   * @returns {Chart}
   */
  #createChart(panel, hasTimeAxis) {
    const name = /** @type {SeriesName} */ (panel.getAttribute('data-series'))
    const box = /** @type {HTMLElement} */ (panel.querySelector('.plot'))
    const options = chartOptions({
      name,
      hasTimeAxis,
      colors: () => this.#colors,
      outages: this.#history.outages,
      onHover: (index) => this.#hover(index),
    })
    const plot = new uPlot(options, [[], []], box)
    new ResizeObserver(() => {
      plot.setSize({ width: box.clientWidth, height: box.clientHeight })
    }).observe(box)
    return { name, plot, output: panel.querySelector('output') }
  }
}
