// Charts of results, by Vega-Lite: each as two drawings, for readers who like it light and for those who like it dark.

import { mkdirSync, writeFileSync } from 'node:fs'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'

const THEMES = {
  '': {
    text: '#57606a',
    line: '#8c959f',
    series: ['#d4441c', '#0969da', '#9a6700', '#1a7f37', '#8250df', '#8c959f'],
  },
  '-dark': {
    text: '#9198a1',
    line: '#656c76',
    series: ['#ff8a5c', '#4493f8', '#d29922', '#3fb950', '#ab7df8', '#656c76'],
  },
}

const config = ({ text, line }) => ({
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
    // What is written is never cut.
    labelLimit: 0,
  },
  legend: {
    labelColor: text,
    titleColor: text,
    orient: 'bottom',
    title: null,
    columns: 3,
    labelLimit: 0,
    symbolStrokeWidth: 2,
  },
  title: { color: text, fontWeight: 'normal', fontSize: 12, anchor: 'start' },
  text: { color: text },
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
    const { spec: compiled } = compile({ ...coloured(spec, theme), config: config(theme) })
    const svg = await new View(parse(compiled), { renderer: 'none' }).toSVG()
    writeFileSync(`${file.pathname}${ending}.svg`, `${svg}\n`)
  }
}

/** In the order of the values, where a channel does not say otherwise. */
const encoded = (fields) =>
  Object.fromEntries(
    Object.entries(fields).map(([channel, field]) => [channel, { sort: null, ...field }]),
  )

/** What the page is about stands out, and has the same colour everywhere. */
const isOurs = (name) => name.startsWith('eventwire') || name.startsWith('SSE')

/**
 * Bars from left to right, a panel for each `panel` of the values.
 *
 * @param {{ name: string, value: number, panel: string }[]} values
 * @param {string} title - of the values
 */
export const bars = (values, title) => ({
  vconcat: [...new Set(values.map(({ panel }) => panel))].map((panel) => ({
    data: { values: values.filter((value) => value.panel === panel) },
    title: panel,
    // Pages show a chart no wider than their text: beyond some 600 with the names it would shrink, and its letters with it.
    width: 340,
    height: { step: 22 },
    encoding: encoded({
      y: { field: 'name', type: 'nominal', title: null },
      x: { field: 'value', type: 'quantitative', title },
    }),
    layer: [
      {
        mark: 'bar',
        encoding: {
          color: {
            field: 'name',
            type: 'nominal',
            legend: null,
            scale: colours(values, ({ series }, name) => (isOurs(name) ? series[0] : series[5])),
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4 },
        encoding: { text: { field: 'value', format: '.3~r' } },
      },
    ],
  })),
})

/**
 * Lines, in a panel for each of `panels`.
 *
 * @param {{ name: string, at: number, [field: string]: unknown }[]} values
 * @param {{ at: string, panels: Record<string, { field: string, scale?: string }>, atScale?: string, columns?: number }} options
 * - what is along the way, and the fields, by their titles
 */
export const lines = (values, { at, panels, atScale, columns = 2 }) => ({
  data: { values },
  columns,
  concat: Object.entries(panels).map(([title, { field, scale }]) => ({
    width: columns === 1 ? 520 : 260,
    height: columns === 1 ? 240 : 180,
    title,
    mark: { type: 'line', strokeWidth: 2, point: true },
    encoding: encoded({
      x: {
        field: 'at',
        type: 'quantitative',
        title: at,
        scale: { type: atScale },
        axis: {
          values: [...new Set(values.map((value) => value.at))],
          // A format of the axis' own would be rounded to its steps: 19,900 to 20,000.
          labelExpr: "format(datum.value, ',')",
          grid: false,
        },
      },
      y: {
        field,
        type: 'quantitative',
        title: null,
        scale: { type: scale },
        axis: { format: ',~r', tickCount: scale === 'log' ? 3 : 5 },
      },
      color: {
        field: 'name',
        type: 'nominal',
        scale: colours(values, ({ series }, _name, index) => series[index]),
      },
    }),
  })),
})

/** A colour for each name: which, a theme says when the chart is drawn. */
function colours(values, pick) {
  const names = [...new Set(values.map(({ name }) => name))]
  // The first colours are those of ours.
  const domain = [...names.filter(isOurs), ...names.filter((name) => !isOurs(name))]
  return { domain, pick: (theme) => domain.map((name, index) => pick(theme, name, index)) }
}

/** The chart in the colours of a theme. */
function coloured(part, theme) {
  if (Array.isArray(part)) return part.map((each) => coloured(each, theme))
  if (typeof part !== 'object' || part === null) return part
  const { pick, ...rest } = part
  const entries = Object.entries(rest).map(([key, value]) => [key, coloured(value, theme)])
  return Object.fromEntries(pick ? [...entries, ['range', pick(theme)]] : entries)
}
