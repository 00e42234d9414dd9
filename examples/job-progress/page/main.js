// The page: starts a job, shows how far it is, and cancels it. Its address holds the job's id.

/** @typedef {import('../job.js').Progress} Progress */

const MESSAGES = {
  running: 'Importing.',
  done: 'All rows are imported.',
  stopped: 'Stopped: the server does no more work for it.',
  failed: 'The import has failed.',
  lost: 'The server does not know this job any more.',
  refused: 'The job could not be started.',
}

const form = element('start', HTMLFormElement)
const rows = element('rows', HTMLInputElement)
const start = element('import', HTMLButtonElement)
const cancel = element('cancel', HTMLButtonElement)
const bar = element('bar', HTMLProgressElement)
const job = element('job', HTMLElement)
const state = element('state', HTMLElement)

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  start.disabled = true
  const response = await fetch('/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: rows.valueAsNumber }),
  }).catch(() => undefined)
  if (!response?.ok) return showJob('refused')
  const { id } = await response.json()
  location.hash = id
  follow(id)
})

cancel.addEventListener('click', () => {
  cancel.disabled = true
  fetch(`/jobs/${location.hash.slice(1)}`, { method: 'DELETE' }).catch(() => {
    cancel.disabled = false
  })
})

/** @param {string} id */
function follow(id) {
  const source = new EventSource(`/jobs/${encodeURIComponent(id)}`)
  showConnection('connecting')
  showJob('running')

  source.addEventListener('open', () => showConnection('open'))
  source.addEventListener('error', () => {
    // After 404 the browser gives up; otherwise it tries again by itself.
    const isOver = source.readyState === EventSource.CLOSED
    showConnection(isOver ? 'closed' : 'connecting')
    if (isOver) showJob('lost')
  })
  source.addEventListener('progress', (event) => showProgress(JSON.parse(event.data)))
  source.addEventListener('end', (event) => {
    source.close()
    showConnection('idle')
    const { outcome, ...progress } = JSON.parse(event.data)
    showProgress(progress)
    showJob(outcome)
  })
}

/** @param {keyof typeof MESSAGES} name */
function showJob(name) {
  job.dataset.state = name
  start.disabled = name === 'running'
  cancel.disabled = name !== 'running'
  element('message', HTMLElement).textContent = MESSAGES[name]
}

/** @param {Progress} progress */
function showProgress({ done, total }) {
  bar.max = total
  bar.value = done
  element('percent', HTMLElement).textContent = `${Math.floor((done / total) * 100)} %`
  element('rows-done', HTMLElement).textContent = `${done} of ${total} rows`
}

/** @param {'idle' | 'connecting' | 'open' | 'closed'} name */
function showConnection(name) {
  state.dataset.state = name
  state.textContent = name === 'idle' ? 'no connection' : name
}

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 */
function element(id, kind) {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`The page has no element "${id}"`)
}

// A page that is reloaded goes on with its job.
if (location.hash !== '') follow(location.hash.slice(1))
