// The page: keeps the prices that come, and draws them.

import { Chart } from './chart.js'
import { SymbolList } from './symbol-list.js'

/** @typedef {[timeMs: number, price: number]} Point */

const MAX_POINTS = 240
const RETRY_MS = 3_000

/** @type {Map<string, Point[]>} */
let prices = new Map()
let lastEventId = ''

const chart = new Chart()
const list = new SymbolList(show)

function connect() {
  const source = new EventSource(`/feed?lastEventId=${encodeURIComponent(lastEventId)}`)

  source.addEventListener('open', () => showState('open'))
  source.addEventListener('error', () => {
    showState('connecting')
    // Otherwise the browser tries again by itself, and tells the server what it had received.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS)
  })

  // Everything: at the start, and when more was missed than the server keeps.
  source.addEventListener('prices', (event) => {
    lastEventId = event.lastEventId
    prices = new Map(Object.entries(JSON.parse(event.data)))
    show()
  })

  source.addEventListener('price', (event) => {
    lastEventId = event.lastEventId
    const { symbol, point } = JSON.parse(event.data)
    const points = prices.get(symbol) ?? []
    points.push(point)
    if (points.length > MAX_POINTS) points.shift()
    prices.set(symbol, points)
    show()
  })
}

let isShowing = false

/** Draws all that has come when the browser next paints: a resume brings many prices at once. */
function show() {
  if (isShowing) return
  isShowing = true
  requestAnimationFrame(() => {
    isShowing = false
    list.show(prices)
    chart.show(list.chosen, prices.get(list.chosen) ?? [])
  })
}

/** @param {string} state */
function showState(state) {
  const pill = /** @type {HTMLElement} */ (document.getElementById('state'))
  pill.dataset.state = state
  pill.textContent = state
}

connect()
