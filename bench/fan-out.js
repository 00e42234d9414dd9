// Server CPU for each event delivered to each of many clients: one sequence, fanned out over HTTP/1.1.

import { Arena, DATA, serve } from './runner/arena.js'
import { bars, lines } from './runner/charts.js'
import { childArguments, isProgram } from './runner/child.js'
import { sizesFor } from './runner/clients.js'
import { figure } from './runner/figures.js'
import { FLOOR, WAYS } from './runner/ways.js'

const PEER = 'better-sse'

/** By the events a tick: how much a round takes, and what is to be held beside floor and peer. */
const TICKS = {
  1: { deliveries: 60_000, floor: 1.1, peer: 0.58 },
  10: { deliveries: 120_000, floor: 1.15, peer: 0.2 },
  100: { deliveries: 300_000 },
}

const goalsOf = ({ floor, peer }, work) =>
  floor && [
    { work, row: 'eventwire', over: FLOOR, atMost: floor },
    { work, row: 'eventwire', over: PEER, atMost: peer },
  ]

async function* ticks() {
  const seats = Object.fromEntries(Object.keys(WAYS).map((way) => [way, { way, clients: 1_000 }]))
  const arena = await Arena.open(import.meta.url, seats)
  try {
    for (const [events, kind] of Object.entries(TICKS)) {
      const { deliveries } = kind
      const title = `1,000 clients, ${events} event${events === '1' ? '' : 's'} a tick`
      yield {
        key: `${events} a tick`,
        title,
        rows: await arena.compare({ rounds: 5, events: Number(events), deliveries }),
        goals: goalsOf(kind, `fan-out, ${title}`),
      }
    }
  } finally {
    await arena.close()
  }
}

const GROWING = [FLOOR, 'eventwire']
const SIZES = sizesFor([1_000, 10_000, 20_000])
const rowOf = (way, clients) => `${way}, ${clients.toLocaleString('en-US')}`

async function sizes() {
  const seats = Object.fromEntries(
    SIZES.flatMap((clients) => GROWING.map((way) => [rowOf(way, clients), { way, clients }])),
  )
  const arena = await Arena.open(import.meta.url, seats)
  const [few, ...more] = SIZES
  const pair = (clients) => ({ row: rowOf('eventwire', clients), over: rowOf(FLOOR, clients) })
  try {
    return {
      key: 'clients',
      title: 'as the clients grow, 1 event a tick',
      rows: await arena.compare({ rounds: 5, events: 1, deliveries: 40_000 }),
      goals: more.map((clients) => ({
        work: `fan-out, from ${few} to ${clients} clients`,
        ...pair(clients),
        growsAtMost: 1.15,
        since: pair(few),
      })),
    }
  } finally {
    await arena.close()
  }
}

export async function* tables() {
  yield* ticks()
  yield sizes()
}

export function charts(results) {
  const clients = results.find(({ key }) => key === 'clients')
  return {
    'fan-out': bars(
      results
        .filter((table) => table !== clients)
        .flatMap((table) =>
          Object.keys(table.rows).map((name) => ({
            panel: table.title,
            name,
            value: figure(table, name),
          })),
        ),
      'server CPU for one delivery, µs',
    ),
    clients: lines(
      Object.keys(clients.rows).map((row) => {
        const [name, at] = row.split(/, (?=\d)/)
        return { name, at: Number(at.replaceAll(',', '')), cost: figure(clients, row) }
      }),
      {
        at: 'clients',
        panels: { 'server CPU for one delivery, µs': { field: 'cost' } },
        columns: 1,
      },
    ),
  }
}

if (isProgram(import.meta.url)) {
  const [way] = childArguments()
  const { server, publish } = WAYS[way]()
  await serve(server, (events) => publish(DATA, events))
}
