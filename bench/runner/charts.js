// Charts of results, by Vega-Lite: each as two drawings, for readers who like it light and for those who like it dark.

import { mkdirSync, writeFileSync } from 'node:fs'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'

const THEMES = {
  '': {
    text: '#57606a',
    line: '#8c959f',
    series: ['#d4441c', '#0969da', '#1a7f37', '#8250df', '#9a6700', '#6e7781'],
  },
  '-dark': {
    text: '#9198a1',
    line: '#656c76',
    series: ['#ff8a5c', '#4493f8', '#3fb950', '#ab7df8', '#d29922', '#9198a1'],
  },
}

const config = ({ text, line, series }) => ({
  background: 'transparent',
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: text,
    titleColor: text,
    titleFontWeight: 'normal',
    domainColor: line,
    tickColor: line,
    gridColor: line,
    gridOpacity: 0.25,
    labelLimit: 260,
  },
  legend: {
    labelColor: text,
    titleColor: text,
    orient: 'bottom',
    title: null,
    columns: 3,
    labelLimit: 300,
    symbolStrokeWidth: 2,
  },
  header: { labelColor: text, titleColor: text, labelFontWeight: 'normal', title: null },
  title: { color: text, fontWeight: 'normal', fontSize: 12, anchor: 'start' },
  text: { color: text },
  rule: { color: line },
  range: { category: series },
})

/**
 * Writes the chart as `file.svg` and `file-dark.svg`.
 *
 * @param {object} spec - of Vega-Lite, without colours
 * @param {URL} file - without its ending
 */
export async function draw(spec, file) {
  mkdirSync(new URL('.', file), { recursive: true })
  for (const [ending, theme] of Object.entries(THEMES)) {
    const { spec: compiled } = compile({ ...spec, config: config(theme) })
    const svg = await new View(parse(compiled), { renderer: 'none' }).toSVG()
    writeFileSync(`${file.pathname}${ending}.svg`, `${svg}\n`)
  }
}

const encoded = (fields) =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => field !== undefined)
      .map(([channel, { scale, ...field }]) => [
        channel,
        { sort: null, ...(scale && { scale: { type: scale } }), ...field },
      ]),
  )

/**
 * Bars from left to right, a panel for each `panel` of the values.
 *
 * @param {{ name: string, value: number, panel?: string }[]} values
 * @param {string} title - of the values
 */
export const bars = (values, title) => ({
  data: { values },
  facet: {
    row: {
      field: 'panel',
      sort: null,
      header: { labelAnchor: 'start', labelAngle: 0, labelOrient: 'top' },
    },
  },
  spec: {
    width: 460,
    height: { step: 22 },
    encoding: encoded({
      y: { field: 'name', type: 'nominal', title: null },
      x: { field: 'value', type: 'quantitative', title },
    }),
    layer: [
      {
        mark: { type: 'bar' },
        encoding: { color: { field: 'name', type: 'nominal', sort: null, legend: null } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4 },
        encoding: { text: { field: 'value', format: '.3~r' } },
      },
    ],
  },
  resolve: { scale: { x: 'independent', y: 'independent' } },
})

/**
 * Lines, a panel for each of `panels`.
 *
 * @param {{ name: string, at: number, [field: string]: unknown }[]} values
 * @param {{ at: string, panels: Record<string, { field: string, scale?: string }>, atScale?: string, columns?: number }} options
 * - what is along the way, and the fields, by their titles
 */
export const lines = (values, { at, panels, atScale, columns = 2 }) => ({
  data: { values },
  columns,
  concat: Object.entries(panels).map(([title, { field, scale }]) => ({
    width: columns === 1 ? 560 : 250,
    height: columns === 1 ? 240 : 170,
    title,
    mark: { type: 'line', strokeWidth: 2, point: true },
    encoding: encoded({
      x: {
        field: 'at',
        type: 'quantitative',
        title: at,
        scale: atScale,
        axis: { values: [...new Set(values.map((value) => value.at))], format: '~r' },
      },
      y: { field, type: 'quantitative', title: null, scale, axis: { format: '~r', tickCount: 5 } },
      color: { field: 'name', type: 'nominal' },
    }),
  })),
})
