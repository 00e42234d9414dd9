// The page: the inbox of whoever is logged in.

/** @typedef {import('../server.js').Notification} Notification */

const RETRY_MS = 3_000

/** @type {Map<string, Notification>} */
let unread = new Map()
/** @type {EventSource | undefined} */
let source

function connect() {
  const opened = new EventSource('/notifications')
  source = opened
  showState('connecting')
  opened.addEventListener('open', () => showState('open'))
  opened.addEventListener('error', () => {
    showState('connecting')
    // Otherwise the browser tries again by itself, and tells the server what it had received.
    if (opened.readyState === EventSource.CLOSED) setTimeout(start, RETRY_MS)
  })

  // All that is unread: at the start, and after a restart of the server.
  opened.addEventListener('inbox', (event) => {
    unread = new Map(JSON.parse(event.data).map((/** @type {Notification} */ one) => [one.id, one]))
    showInbox()
  })
  opened.addEventListener('notification', (event) => {
    const notification = JSON.parse(event.data)
    unread.set(notification.id, notification)
    showInbox()
  })
  // It was read, here or in another window of the same user.
  opened.addEventListener('read', (event) => {
    unread.delete(JSON.parse(event.data).id)
    showInbox()
  })
}

/** Asks the server who is logged in, and shows the inbox or the login. */
async function start() {
  source?.close()
  const response = await fetch('/me').catch(() => undefined)
  if (!response?.ok) return setTimeout(start, RETRY_MS)
  const { user, users } = await response.json()
  element('login').hidden = user !== null
  element('home').hidden = user === null
  element('state').hidden = user === null
  if (user === null) return
  element('user').textContent = nameOf(user)
  element('to').replaceChildren(
    ...users.map((/** @type {string} */ name) => new Option(nameOf(name), name)),
  )
  connect()
}

function showInbox() {
  const template = /** @type {HTMLTemplateElement} */ (element('notification'))
  const items = [...unread.values()].reverse().map(({ id, from, text, at }) => {
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true))
    const item = /** @type {HTMLElement} */ (copy.firstElementChild)
    const [words, origin, button] = item.children
    if (words) words.textContent = text
    if (origin) origin.textContent = `${nameOf(from)}, ${new Date(at).toLocaleTimeString('en-GB')}`
    button?.addEventListener('click', () => send('DELETE', `/notifications/${id}`))
    return item
  })
  element('inbox').replaceChildren(...items)
  element('unread').textContent = `${unread.size}`
  document.title = unread.size > 0 ? `(${unread.size}) Notifications` : 'Notifications'
}

/** @param {string} state */
function showState(state) {
  const pill = element('state')
  pill.dataset.state = state
  pill.textContent = state
}

/**
 * Tells whether the server has done it; if not, the page says so.
 *
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
async function send(method, path, body = {}) {
  const headers = { 'content-type': 'application/json' }
  const request = { method, headers, body: JSON.stringify(body) }
  const response = await fetch(path, request).catch(() => undefined)
  const isDone = response?.ok === true
  element('problem').textContent = isDone ? '' : 'The server has not taken that. Try again.'
  return isDone
}

/** @param {string} user */
const nameOf = (user) => `${user[0]?.toUpperCase()}${user.slice(1)}`

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element "${id}"`)
  return found
}

for (const button of element('login').querySelectorAll('button')) {
  button.addEventListener('click', async () => {
    if (await send('POST', '/login', { user: button.dataset.user })) start()
  })
}

element('logout').addEventListener('click', async () => {
  if (!(await send('POST', '/logout'))) return
  unread.clear()
  showInbox()
  start()
})

element('send').addEventListener('submit', async (event) => {
  event.preventDefault()
  const text = /** @type {HTMLInputElement} */ (element('text'))
  const to = /** @type {HTMLSelectElement} */ (element('to'))
  if (await send('POST', '/notifications', { to: to.value, text: text.value })) text.value = ''
})

start()
