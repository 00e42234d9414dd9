// The page: shows the lines of the chosen levels as they come.

/** @typedef {import('../server.js').Line} Line */

const MAX_LINES = 1_000
const RETRY_MS = 3_000

const form = /** @type {HTMLFormElement} */ (document.getElementById('levels'))
const boxes = [...form.querySelectorAll('input')]
const log = /** @type {HTMLElement} */ (document.getElementById('log'))
const count = /** @type {HTMLElement} */ (document.getElementById('count'))
const pill = /** @type {HTMLElement} */ (document.getElementById('state'))

const chosenBoxes = () => boxes.filter((box) => box.checked)

/** @type {EventSource | undefined} */
let source

function connect(lastEventId = '') {
  const query = new URLSearchParams({ lastEventId })
  for (const { value } of chosenBoxes()) query.append('level', value)
  const opened = new EventSource(`/lines?${query}`)
  source?.close()
  source = opened
  showState('connecting')

  opened.addEventListener('open', () => showState('open'))
  opened.addEventListener('error', () => {
    showState('connecting')
    // Otherwise the browser tries again by itself, and tells the server what it had received.
    if (opened.readyState !== EventSource.CLOSED) return
    setTimeout(() => source === opened && connect(lastEventId), RETRY_MS)
  })

  // The newest lines: at the start, and when more was missed than the server keeps.
  opened.addEventListener('lines', (event) => {
    lastEventId = event.lastEventId
    log.replaceChildren()
    show(JSON.parse(event.data))
  })
  opened.addEventListener('line', (event) => {
    lastEventId = event.lastEventId
    show([JSON.parse(event.data)])
  })
}

/** @param {Line[]} lines */
function show(lines) {
  log.append(...lines.map(itemOf))
  while (log.childElementCount > MAX_LINES) log.firstElementChild?.remove()
  stayAtEnd()
  count.textContent = `${log.childElementCount} lines`
}

/** Whoever has scrolled up wants to read there. */
let isAtEnd = true
log.addEventListener('scroll', () => {
  isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
})

function stayAtEnd() {
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

// A phone that is turned breaks the lines elsewhere.
new ResizeObserver(stayAtEnd).observe(log)

/** @param {Line} line */
function itemOf({ level, text }) {
  const item = document.createElement('li')
  item.dataset.level = level
  item.textContent = text
  return item
}

/** @param {string} state */
function showState(state) {
  pill.dataset.state = state
  pill.textContent = state
}

form.addEventListener('change', () => {
  const chosen = chosenBoxes()
  // The last one stays.
  for (const box of boxes) box.disabled = chosen.length === 1 && box === chosen[0]
  connect()
})

connect()
