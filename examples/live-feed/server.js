// A live feed: share prices, made up here, to every open page.
// @ts-check

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'

/** @typedef {[timeMs: number, price: number]} Point */
/** @typedef {{ prices: Record<string, Point[]>, price: { symbol: string, point: Point } }} FeedEvents */

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const TICK_MS = 500
const MAX_POINTS = 240
const OPENING_PRICES = { ALDER: 182.4, BIRCH: 64.5, CEDAR: 311, ROWAN: 27.85 }

/** The state: the last two minutes of each symbol. */
const prices = new Map(
  Object.entries(OPENING_PRICES).map(([symbol, price]) => [symbol, pastOf(price)]),
)

/** @type {SseChannel<FeedEvents>} */
const channel = new SseChannel({
  // What a fresh page gets first, and one that was away for longer than the history reaches.
  snapshot: () => [{ event: 'prices', data: Object.fromEntries(prices) }],
  history: { maxEvents: 2_000 },
  onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
})

const timer = setInterval(() => {
  const timeMs = Date.now()
  for (const [symbol, points] of prices) {
    /** @type {Point} */
    const point = [timeMs, priceAfter(points.at(-1)?.[1] ?? 100)]
    points.push(point)
    if (points.length > MAX_POINTS) points.shift()
    // A page that reads too slowly is sent only the newest price of each symbol.
    channel.publish({ event: 'price', data: { symbol, point } }, { conflate: symbol })
  }
}, TICK_MS)

const server = createServer(async (req, res) => {
  const [path = '/'] = (req.url ?? '/').split('?')
  if (path === '/feed') await channel.subscribe(openStream(req, res, { retryMs: 1_000 }))
  else await sendFile(path, res)
})

/** @param {string} name */
const own = (name) => new URL(`page/${name}`, import.meta.url)
const uplot = import.meta.resolve('uplot/dist/uPlot.esm.js')
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }

/** Which file a page may ask for, by its path. */
const FILES = new Map([
  ['/', own('index.html')],
  ...['main.js', 'chart.js', 'symbol-list.js', 'style.css', 'icon.svg'].map(
    (name) => /** @type {const} */ ([`/${name}`, own(name)]),
  ),
  ...['uPlot.esm.js', 'uPlot.min.css'].map(
    (name) => /** @type {const} */ ([`/uplot/${name}`, new URL(name, uplot)]),
  ),
])

/**
 * @param {string} path
 * @param {import('node:http').ServerResponse} res
 */
async function sendFile(path, res) {
  const file = FILES.get(path)
  const content = file && (await readFile(file).catch(() => undefined))
  if (content === undefined) return res.writeHead(404).end()
  const ending = /** @type {keyof typeof TYPES} */ (file?.pathname.split('.').at(-1))
  res.writeHead(200, { 'content-type': TYPES[ending] }).end(content)
}

server.listen(Number(PORT), HOST, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`Live feed: http://${HOST}:${port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    clearInterval(timer)
    await closeAllStreams()
    // Browsers open connections in advance: without a request, these would keep the server open.
    server.closeAllConnections()
  })
}

/** @param {number} price */
function priceAfter(price) {
  return Math.round(price * (1 + (Math.random() - 0.5) * 0.006) * 100) / 100
}

/**
 * Makes up the two minutes before the start.
 *
 * @param {number} price
 */
function pastOf(price) {
  const startMs = Date.now() - MAX_POINTS * TICK_MS
  return Array.from({ length: MAX_POINTS }, (_, tick) => {
    price = priceAfter(price)
    return /** @type {Point} */ ([startMs + tick * TICK_MS, price])
  })
}
