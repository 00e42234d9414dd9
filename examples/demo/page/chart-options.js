// How one chart looks: its options for uPlot, and its colors from the style sheet.

import uPlot from '/uplot/uPlot.esm.js'

/** @import { Outage, SeriesName } from './history.js' */

/** @typedef {Record<SeriesName | 'text' | 'grid' | 'outage', string>} Colors */

const TIME_AXIS_HEIGHT = 26
const HALF_LABEL_WIDTH = 28
const FONT = '12px system-ui, sans-serif'

const smooth = /** @type {uPlot.Series.SplinePathBuilderFactory} */ (uPlot.paths.spline)()

/** The least that the value axis spans, so that a small change does not look like a large one. */
const LEAST_SPAN = { cpuPercent: 10, loopDelayMs: 10, heapMb: 10 }

/** Gives the colors of the scheme in use. */
export function readColors() {
  const style = getComputedStyle(document.documentElement)
  const names = /** @type {(keyof Colors)[]} */ ([
    'cpuPercent',
    'loopDelayMs',
    'heapMb',
    'text',
    'grid',
    'outage',
  ])
  return /** @type {Colors} */ (
    Object.fromEntries(
      names.map((name) => [name, style.getPropertyValue(`--chart-${name.toLowerCase()}`).trim()]),
    )
  )
}

/**
 * @param {object} chart
 * @param {SeriesName} chart.name
 * @param {boolean} chart.hasTimeAxis
 * @param {() => Colors} chart.colors
 * @param {readonly Outage[]} chart.outages
 * @param {(index: number | null | undefined) => void} chart.onHover
 * @returns {uPlot.Options}
 */
export function chartOptions({ name, hasTimeAxis, colors, outages, onHover }) {
  const stroke = () => colors().text
  const lines = { stroke: () => colors().grid, width: 1 }
  return {
    width: 0,
    height: 0,
    padding: [14, 0, hasTimeAxis ? 0 : 10, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: { key: 'charts' },
      points: { size: 8 },
    },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(LEAST_SPAN[name], max * 1.15)] } },
    series: [
      {},
      {
        stroke: () => colors()[name],
        fill: (plot) => fade(plot, colors()[name]),
        width: 2,
        points: { show: false },
        paths: smooth,
      },
    ],
    axes: [
      {
        stroke,
        grid: lines,
        ticks: { show: false },
        font: FONT,
        size: hasTimeAxis ? TIME_AXIS_HEIGHT : 0,
        space: 90,
        values: hasTimeAxis ? writeTimes : () => [],
      },
      { stroke, grid: lines, ticks: { show: false }, font: FONT, size: 40, space: 40 },
    ],
    hooks: {
      drawAxes: [(plot) => drawOutages(plot, outages, colors().outage)],
      setCursor: [(plot) => onHover(plot.cursor.idx)],
    },
  }
}

/**
 * @param {uPlot} plot
 * @param {string} color - as `#rrggbb`
 */
function fade(plot, color) {
  const { top, height } = plot.bbox
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height)
  gradient.addColorStop(0, `${color}4d`)
  gradient.addColorStop(1, `${color}05`)
  return gradient
}

/**
 * Shades the times without a connection, under the line that was filled in afterwards.
 *
 * @param {uPlot} plot
 * @param {readonly Outage[]} outages
 * @param {string} color
 */
function drawOutages(plot, outages, color) {
  const { left, top, width, height } = plot.bbox
  plot.ctx.fillStyle = color
  for (const { from, to } of outages) {
    const start = Math.max(plot.valToPos(from, 'x', true), left)
    const end = Math.min(plot.valToPos(to ?? Date.now() / 1_000, 'x', true), left + width)
    if (end > start) plot.ctx.fillRect(start, top, end - start, height)
  }
}

/**
 * Writes the times under the axis, but for those at the edges, where they would be cut or cover a value.
 *
 * @param {uPlot} plot
 * @param {number[]} splits - in seconds
 */
function writeTimes(plot, splits) {
  const lastX = plot.over.clientWidth - HALF_LABEL_WIDTH
  return splits.map((seconds) => {
    const x = plot.valToPos(seconds, 'x')
    const fits = x > HALF_LABEL_WIDTH && x < lastX
    return fits ? new Date(seconds * 1_000).toLocaleTimeString('en-GB') : ''
  })
}
