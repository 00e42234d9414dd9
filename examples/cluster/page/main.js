// The page: shows the beats of both nodes, and checks that none is missing or comes twice.

/** @typedef {import('../server.js').Beat} Beat */

const MAX_ITEMS = 8
const RETRY_MS = 1_000

const counts = { beats: 0, missed: 0, twice: 0, gaps: 0, connections: 0 }
/** The number that comes next, for each run of each node. @type {Map<string, number>} */
const next = new Map()
/** The node that serves this page. */
let servedBy = ''
let lastEventId = ''

function connect() {
  const source = new EventSource(`/events?lastEventId=${encodeURIComponent(lastEventId)}`)

  source.addEventListener('open', () => {
    showState('open')
    count('connections', 1)
  })
  source.addEventListener('error', () => {
    showState('connecting')
    showServing('')
    // After an answer of nginx that there is no node. Otherwise the browser tries again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS)
  })

  source.addEventListener('served', (event) => showServing(JSON.parse(event.data).node))
  source.addEventListener('gap', () => count('gaps', 1))
  source.addEventListener('beat', (event) => {
    lastEventId = event.lastEventId
    const beat = JSON.parse(event.data)
    check(beat)
    show(beat, event.lastEventId)
  })
}

/** @param {Beat} beat */
function check({ node, run, number }) {
  const key = `${node} ${run}`
  const expected = next.get(key) ?? number
  next.set(key, Math.max(expected, number + 1))
  count('beats', 1)
  if (number > expected) count('missed', number - expected)
  if (number < expected) count('twice', 1)
}

/**
 * @param {Beat} beat
 * @param {string} id
 */
function show({ node, number }, id) {
  const newest = document.querySelector(`#nodes [data-node="${node}"] .newest`)
  if (newest) newest.textContent = `beat ${number}`
  const log = element('log')
  const item = document.createElement('li')
  item.dataset.node = node
  for (const text of [`node ${node}`, `beat ${number}`, id]) {
    item.append(Object.assign(document.createElement('span'), { textContent: text }))
  }
  log.prepend(item)
  while (log.childElementCount > MAX_ITEMS) log.lastElementChild?.remove()
}

/** @param {string} node */
function showServing(node) {
  servedBy = node
  for (const item of document.querySelectorAll('#nodes li')) {
    item.classList.toggle('serving', item.getAttribute('data-node') === node)
  }
  button.disabled = node === ''
}

/** @param {string} state */
function showState(state) {
  element('state').dataset.state = state
  element('state').textContent = state
}

/**
 * @param {keyof typeof counts} name
 * @param {number} more
 */
function count(name, more) {
  counts[name] += more
  element(name).textContent = `${counts[name]}`
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element "${id}"`)
  return found
}

const button = /** @type {HTMLButtonElement} */ (element('stop'))
button.addEventListener('click', () => {
  button.disabled = true
  fetch(`/${servedBy}/stop`, { method: 'POST' }).catch(() => showServing(servedBy))
})

connect()
