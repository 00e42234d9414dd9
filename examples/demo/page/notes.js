// The notes: a form to publish one to all tabs, and those that came.

import { button, element, setText } from './element.js'

/** @import { Note } from '../publish.js' */

const MAX_SHOWN = 50

/** Lets the visitor publish notes. They are shown when they come back as events, as in any other tab. */
export function setUpNotes() {
  const form = element('note-form')
  const field = /** @type {HTMLInputElement} */ (element('note-text'))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const text = field.value
    button('publish').disabled = true
    // At once: what is typed meanwhile is the next note.
    field.value = ''
    const problem = await publish(text)
    button('publish').disabled = false
    setText('note-problem', problem ?? '')
    if (problem !== undefined && field.value === '') field.value = text
    field.focus()
  })
}

/**
 * Shows a note on top of the others.
 *
 * @param {Note} note
 * @param {string} id - of the event
 * @param {boolean} isReplayed - whether it was published while this page was away
 */
export function showNote({ text, at }, id, isReplayed) {
  const list = element('notes')
  const line = document.createElement('li')
  const time = document.createElement('time')
  time.textContent = new Date(at).toLocaleTimeString('en-GB')
  const name = document.createElement('code')
  name.textContent = id
  const words = document.createElement('p')
  // As text: what visitors write is never HTML here.
  words.textContent = text
  line.append(time, words, name)
  line.dataset.replayed = `${isReplayed}`
  list.prepend(line)
  if (list.childElementCount > MAX_SHOWN) list.lastElementChild?.remove()
}

/**
 * @param {string} text
 * @returns {Promise<string | undefined>} what went wrong, if anything did
 */
async function publish(text) {
  try {
    const response = await fetch('/publish', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    })
    return response.ok ? undefined : await response.text()
  } catch {
    return 'The server cannot be reached.'
  }
}
