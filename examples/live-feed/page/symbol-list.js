// The list of symbols, each with its price, its change and a small line.

/** @typedef {import('./main.js').Point} Point */

export class SymbolList {
  chosen = ''
  /** @type {Map<string, HTMLElement>} */
  #items = new Map()
  #onChoose

  /** @param {() => void} onChoose */
  constructor(onChoose) {
    this.#onChoose = onChoose
  }

  /** @param {Map<string, Point[]>} prices */
  show(prices) {
    for (const [symbol, points] of prices) {
      const item = this.#items.get(symbol) ?? this.#add(symbol)
      const first = points[0]?.[1] ?? 0
      const last = points.at(-1)?.[1] ?? 0
      const change = ((last - first) / first) * 100
      item.dataset.change = change < 0 ? 'down' : 'up'
      item.dataset.points = `${points.length}`
      setText(item, '.price', last.toFixed(2))
      setText(item, '.change', `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)} %`)
      item.querySelector('polyline')?.setAttribute('points', lineOf(points))
      item.querySelector('button')?.setAttribute('aria-pressed', `${symbol === this.chosen}`)
    }
  }

  /** @param {string} symbol */
  #add(symbol) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById('symbol'))
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true))
    const item = /** @type {HTMLElement} */ (copy.firstElementChild)
    item.dataset.symbol = symbol
    setText(item, '.name', symbol)
    item.querySelector('button')?.addEventListener('click', () => {
      this.chosen = symbol
      this.#onChoose()
    })
    document.getElementById('symbols')?.append(item)
    this.#items.set(symbol, item)
    this.chosen ||= symbol
    return item
  }
}

/**
 * @param {Element} parent
 * @param {string} selector
 * @param {string} text
 */
function setText(parent, selector, text) {
  const child = parent.querySelector(selector)
  if (child) child.textContent = text
}

/**
 * Gives the points of a line in a box of 100 by 28.
 *
 * @param {Point[]} points
 */
function lineOf(points) {
  const values = points.map(([, price]) => price)
  const least = Math.min(...values)
  const span = Math.max(...values) - least || 1
  return values
    .map((price, index) => {
      const x = (index / (values.length - 1 || 1)) * 100
      return `${x.toFixed(1)},${(26 - ((price - least) / span) * 24).toFixed(1)}`
    })
    .join(' ')
}
