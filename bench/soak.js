// Five minutes of thousands of clients that come, stall, leave and resume; what is written is drawn as `docs/soak.svg`.

import { writeFile } from 'node:fs/promises'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'
import { soak } from '../soak/soak.js'
import { judge } from '../soak/verdict.js'

const CHART = new URL('../docs/soak.svg', import.meta.url)
const MIB = 1_048_576

const PANELS = {
  'MiB of the server': {
    RSS: ({ server }) => server.rss / MIB,
    'heap after collection': ({ server }) => (server.heap + server.arrayBuffers) / MIB,
    'waiting for slow clients': ({ server }) => server.stats.bufferedBytes / MIB,
  },
  'of the server': {
    'streams open': ({ server }) => server.stats.open,
    handles: ({ server }) => server.handles,
  },
  'counted so far, thousands': {
    'connections that resumed': ({ clients }) => clients.totals.resumed / 1_000,
    'events missing, repeated or out of order': ({ clients }) => clients.wrong.length / 1_000,
  },
}

const grey = '#808080'
const axis = {
  labelColor: grey,
  titleColor: grey,
  domainColor: grey,
  tickColor: grey,
  gridOpacity: 0.2,
}

/** Greys and hues that can be read on white and on black. */
function panel(title, lines, readings) {
  return {
    width: 640,
    height: 160,
    data: {
      values: Object.entries(lines).flatMap(([line, read]) =>
        readings.map((reading) => ({ line, seconds: reading.seconds, value: read(reading) })),
      ),
    },
    mark: { type: 'line', strokeWidth: 2 },
    encoding: {
      x: { field: 'seconds', type: 'quantitative', title: 'seconds', axis },
      y: { field: 'value', type: 'quantitative', title, axis },
      color: {
        field: 'line',
        type: 'nominal',
        sort: null,
        scale: { domain: Object.keys(lines), range: ['#d9541e', '#b08900', '#2a86d1'] },
        legend: { orient: 'bottom', title: null, labelColor: grey, labelLimit: 600 },
      },
    },
  }
}

async function draw(readings) {
  const panels = Object.entries(PANELS).map(([title, lines]) => panel(title, lines, readings))
  const { spec } = compile({
    background: 'transparent',
    vconcat: panels,
    resolve: { scale: { color: 'independent' }, legend: { color: 'independent' } },
    config: { view: { stroke: null } },
  })
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG()
  await writeFile(CHART, `${svg}\n`)
}

export async function* tables({ isToWrite }) {
  const outcome = await soak({ minutes: 5, clients: 2_000 })
  if (isToWrite) await draw(outcome.readings)
  const { connected, resumed, events, gaps, stalled } = outcome.clients.totals
  const failed = Object.values(judge(outcome).checks).filter(({ holds }) => !holds).length
  const counts = { connected, resumed, stalled, gaps, events, 'checks that fail': failed }
  yield {
    key: 'soak',
    title: '2,000 clients for five minutes',
    rows: {
      eventwire: Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, [count]])),
    },
    ratios: [],
  }
}
