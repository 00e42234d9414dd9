// Shows the beats of both nodes, and checks that none is missing or comes twice.

/** The newest number of each run of each node. @type {Map<string, number>} */
const newest = new Map()
const counts = { connections: 0, beats: 0, missed: 0, repeated: 0, gaps: 0 }
const KEPT = 12

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id))

/** The id of the newest event: a new EventSource does not know it. */
let lastId = ''

/** Waits until there is a node again: an EventSource gives up when nginx answers that there is none. */
const AGAIN_MS = 1_000

function connect() {
  const source = new EventSource(`/events?lastEventId=${encodeURIComponent(lastId)}`)
  source.onopen = () => count('connections', 1)
  source.onerror = () => {
    element('state').textContent = 'reconnecting'
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS)
  }
  source.addEventListener('served', ({ data }) => {
    element('state').textContent = 'open'
    element('node').textContent = JSON.parse(data).node
  })
  source.addEventListener('gap', () => count('gaps', 1))
  source.addEventListener('beat', onBeat)
}

/** @param {MessageEvent<string>} event */
function onBeat({ data, lastEventId }) {
  const { node, run, number } = JSON.parse(data)
  const key = `${node} ${run}`
  const expected = (newest.get(key) ?? number - 1) + 1
  newest.set(key, Math.max(number, expected - 1))
  lastId = lastEventId
  count('beats', 1)
  count('missed', Math.max(0, number - expected))
  count('repeated', number < expected ? 1 : 0)
  show(node, `${number}`, lastEventId)
}

connect()
element('stop').onclick = () => fetch(`/${element('node').textContent}/stop`, { method: 'POST' })

/**
 * @param {keyof typeof counts} name
 * @param {number} more
 */
function count(name, more) {
  counts[name] += more
  element(name).textContent = `${counts[name]}`
}

/**
 * @param {string} node
 * @param {string} number
 * @param {string} id
 */
function show(node, number, id) {
  const item = document.createElement('li')
  item.dataset.node = node
  item.textContent = `node ${node}, beat ${number}, id ${id}`
  const log = element('log')
  log.prepend(item)
  while (log.children.length > KEPT) log.lastElementChild?.remove()
}
