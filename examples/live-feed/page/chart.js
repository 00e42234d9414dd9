// The chart of one symbol, drawn by uPlot.

import uPlot from '/uplot/uPlot.esm.js'

/** @typedef {import('./main.js').Point} Point */

const HEIGHT = 340
const FONT = '12px system-ui, sans-serif'

const box = /** @type {HTMLElement} */ (document.getElementById('chart'))

/** @param {string} name - of a color in the style sheet, as `#rrggbb` */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export class Chart {
  #symbol = ''
  /** @type {number | null} */
  #hovered = null
  #plot = new uPlot(this.#options(), [[], []], box)

  constructor() {
    new ResizeObserver(() => this.#plot.setSize(size())).observe(box)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw())
  }

  /**
   * @param {string} symbol
   * @param {Point[]} points
   */
  show(symbol, points) {
    this.#symbol = symbol
    this.#plot.setData([points.map(([ms]) => ms / 1_000), points.map(([, price]) => price)])
    this.#showReading()
  }

  /** Shows the price under the pointer, or else the newest. */
  #showReading() {
    const [times, prices] = this.#plot.data
    const index = this.#hovered ?? times.length - 1
    const time = this.#hovered === null ? undefined : times[index]
    setText('chart-symbol', this.#symbol)
    setText('chart-price', prices?.[index]?.toFixed(2) ?? '–')
    setText('chart-time', time ? `at ${new Date(time * 1_000).toLocaleTimeString()}` : '')
  }

  /** @returns {uPlot.Options} */
  #options() {
    const lines = { stroke: () => color('--line'), width: 1 }
    const axis = { stroke: () => color('--soft'), grid: lines, ticks: { show: false }, font: FONT }
    return {
      ...size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      series: [
        {},
        {
          stroke: () => color('--accent'),
          fill: () => `${color('--accent')}1f`,
          width: 2,
          points: { show: false },
        },
      ],
      axes: [
        { ...axis, size: 30, space: 90, values: (_, seconds) => seconds.map(timeOf) },
        { ...axis, size: 56 },
      ],
      hooks: {
        setCursor: [
          ({ cursor }) => {
            this.#hovered = cursor.idx ?? null
            this.#showReading()
          },
        ],
      },
    }
  }
}

const size = () => ({ width: box.clientWidth, height: HEIGHT })

/** @param {number} seconds */
const timeOf = (seconds) => new Date(seconds * 1_000).toLocaleTimeString('en-GB')

/**
 * @param {string} id
 * @param {string} text
 */
function setText(id, text) {
  const target = document.getElementById(id)
  if (target) target.textContent = text
}
