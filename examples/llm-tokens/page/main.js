// The page: asks, shows the answer as it comes, and what the server is at.

import { readEvents } from './event-reader.js'

const OUTCOMES = {
  running: '',
  done: 'That was all.',
  stopped: 'Stopped: the server makes no more tokens for it.',
  lost: 'The connection was lost, and the server has stopped. Ask again.',
}

let asking = new AbortController()
let read = 0

element('ask').addEventListener('submit', async (event) => {
  event.preventDefault()
  asking = new AbortController()
  element('answer').textContent = ''
  show('running')
  try {
    show((await answer()) ? 'done' : 'lost')
  } catch {
    show(asking.signal.aborted ? 'stopped' : 'lost')
  }
})

// Whoever leaves ends the work: there is no other call for that.
element('stop').addEventListener('click', () => asking.abort())

/** Shows an answer as it comes, and tells whether it is complete. */
async function answer() {
  const content = /** @type {HTMLInputElement} */ (element('question')).value
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any', stream: true, messages: [{ role: 'user', content }] }),
    signal: asking.signal,
  })
  for await (const data of readEvents(response)) {
    if (data === '[DONE]') return true
    const token = JSON.parse(data).choices[0]?.delta.content
    if (!token) continue
    element('answer').append(token)
    element('read').textContent = `${++read}`
  }
  return false
}

/** @param {keyof typeof OUTCOMES} state */
function show(state) {
  element('answer').dataset.state = state
  element('outcome').textContent = OUTCOMES[state]
  button('send').disabled = state === 'running'
  button('stop').disabled = state !== 'running'
}

function followWork() {
  const source = new EventSource('/counter')
  source.addEventListener('open', () => showConnection('open'))
  source.addEventListener('error', () => {
    showConnection('connecting')
    // Otherwise the browser tries again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(followWork, 3_000)
  })
  source.addEventListener('work', (event) => {
    const { tokens, running } = JSON.parse(event.data)
    element('made').textContent = `${tokens}`
    element('running').textContent = `${running}`
  })
}

/** @param {string} state */
function showConnection(state) {
  element('state').dataset.state = state
  element('state').textContent = state
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element "${id}"`)
  return found
}

/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (element(id))

followWork()
