// What a restart of one node does to the others: a simulation, with its chart, and the one cost that it takes as given, measured.

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'
import { Child, isProgram } from './runner/child.js'
import { median } from './runner/figures.js'

const CLIENTS = 100_000
const OTHERS = 3
/** What a node's one thread spends on a client that comes back; measured below. A round number, so that the chart is the same each time. */
const JOIN_MICROS = 200
const CHART = new URL('../docs/restart.svg', import.meta.url)

const random = seeded(1)
const between = (min, max) => min + random() * (max - min)

/** When a client comes back after the node has gone, in milliseconds: its wait, and up to 100 ms of network. */
const RETURNS = {
  'all after 3 seconds, as browsers do': () => between(3_000, 3_100),
  'each within 5 seconds: retryMs: [1_000, 5_000]': () => between(1_000, 5_100),
  'each within 30 seconds: retryMs: [1_000, 30_000]': () => between(1_000, 30_100),
}

/** One of the other nodes: those that come are seen to in turn, and what is published meanwhile waits behind them. */
function simulate(returnMs) {
  const arrivals = Array.from({ length: CLIENTS / OTHERS }, returnMs).sort((a, b) => a - b)
  const waits = []
  let freeMs = 0
  let next = 0
  let mostInSecond = 0
  for (let ms = 0; ms <= 36_000; ms += 100) {
    for (; (arrivals[next] ?? Number.POSITIVE_INFINITY) <= ms; next++) {
      freeMs = Math.max(freeMs, arrivals[next]) + JOIN_MICROS / 1_000
    }
    waits.push({ second: ms / 1_000, wait: Math.max(0, freeMs - ms) / 1_000 })
  }
  for (let from = 0, to = 0; to < arrivals.length; to++) {
    while (arrivals[to] - arrivals[from] > 1_000) from++
    mostInSecond = Math.max(mostInSecond, to - from + 1)
  }
  return { waits, mostInSecond, backMs: freeMs }
}

/** Numbers that look random and are the same each time. */
function seeded(seed) {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

/** Greys and hues that can be read on white and on black. */
async function draw(values) {
  const grey = '#808080'
  const axis = {
    labelColor: grey,
    titleColor: grey,
    domainColor: grey,
    tickColor: grey,
    gridOpacity: 0.2,
  }
  const { spec } = compile({
    width: 640,
    height: 260,
    background: 'transparent',
    data: { values },
    mark: { type: 'line', strokeWidth: 2 },
    encoding: {
      x: { field: 'second', type: 'quantitative', title: 'seconds after the restart', axis },
      y: {
        field: 'wait',
        type: 'quantitative',
        title: 'wait of a live event on another node, seconds',
        axis,
      },
      color: {
        field: 'clients come back',
        type: 'nominal',
        sort: null,
        scale: { range: ['#d9541e', '#b08900', '#2a86d1'] },
        legend: {
          orient: 'bottom',
          columns: 1,
          labelColor: grey,
          titleColor: grey,
          labelLimit: 600,
        },
      },
    },
    config: { view: { stroke: null } },
  })
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG()
  await writeFile(CHART, `${svg}\n`)
}

/** A server that says what it spends, and clients that come back to it with an id. */
async function serve() {
  const channel = new SseChannel()
  const id = await channel.publish({ data: 'x' })
  const server = createServer((req, res) => void channel.subscribe(openStream(req, res)))
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  await once(server, 'listening')
  process.send({ port: server.address().port, id })
  process.on('message', () => process.send(process.cpuUsage()))
}

async function joinMicros() {
  const child = new Child(import.meta.url, 'serve')
  const { port, id } = await child.hears()
  const cpu = async () => {
    const { user, system } = await child.ask('cpu')
    return user + system
  }
  const readings = []
  for (let round = 0; round < 5; round++) {
    const before = await cpu()
    const sockets = Array.from({ length: 1_000 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${id}\r\n\r\n`)
      return socket
    })
    await Promise.all(sockets.map((socket) => once(socket, 'data')))
    readings.push(((await cpu()) - before) / sockets.length)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await child.end()
  return median(readings.slice(1))
}

export async function* tables({ isToWrite }) {
  yield {
    key: 'join',
    title: 'a client that comes back to a node',
    rows: { eventwire: { 'CPU µs of the node': [await joinMicros()] } },
  }
  const rows = {}
  const values = []
  for (const [name, returnMs] of Object.entries(RETURNS)) {
    const { waits, mostInSecond, backMs } = simulate(returnMs)
    rows[name] = {
      'most in a second, each node': [mostInSecond],
      'longest wait of a live event, s': [Math.max(...waits.map(({ wait }) => wait))],
      'all are back after, s': [backMs / 1_000],
    }
    values.push(...waits.map((point) => ({ ...point, 'clients come back': name })))
  }
  if (isToWrite) await draw(values)
  yield {
    key: 'simulation',
    title: `a node of ${OTHERS + 1} with ${CLIENTS} clients restarts; ${JOIN_MICROS} µs for each that comes back`,
    rows,
    ratios: [],
  }
}

if (isProgram(import.meta.url)) await serve()
