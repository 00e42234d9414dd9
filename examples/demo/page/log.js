// The log panel: lines as they are written, and the heartbeats between them.

import { element } from './element.js'
import { readEvents } from './event-reader.js'

const RETRY_MS = 1_500
const MAX_LINES = 200

/** Whether the panel shows the newest line. Who has scrolled back to read is left in peace. */
let isFollowing = true

/**
 * Follows the log for as long as the page lives; after a cut it goes on where it was.
 *
 * @param {string} page
 * @param {{ onEvent: () => void, onHeartbeat: () => void }} listener
 */
export async function followLog(page, { onEvent, onHeartbeat }) {
  const list = element('log')
  // Only a reader's own hand leaves the end: layouts scroll too.
  for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
    list.addEventListener(type, () => requestAnimationFrame(noticeScroll), { passive: true })
  }
  list.addEventListener('scrollend', () => isFollowing || noticeScroll())
  let lastEventId = ''
  for (;;) {
    showState('connecting')
    try {
      const response = await fetch(`/log?page=${page}`, {
        headers: lastEventId === '' ? {} : { 'last-event-id': lastEventId },
      })
      showState('open')
      for await (const { type, data, id } of readEvents(response)) {
        if (type === 'comment') onHeartbeat()
        else {
          lastEventId = id
          showLine(data)
          onEvent()
        }
      }
    } catch {
      // Cut or not there: either way it is tried again.
    }
    showState('connecting')
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** @param {'connecting' | 'open'} state */
function showState(state) {
  const pill = element('log-state')
  pill.textContent = state
  pill.dataset.state = state
}

/** @param {string} text - `09:05:00 GET /feed?page=… 200 open` */
function showLine(text) {
  const list = element('log')
  const [, time = '', rest = text] = /^(\S+) (.*)$/.exec(text) ?? []
  const line = document.createElement('li')
  const timeElement = document.createElement('time')
  timeElement.textContent = time
  line.append(timeElement, ' ', rest)
  line.dataset.kind = kindOf(rest)
  list.append(line)
  if (list.childElementCount > MAX_LINES) list.firstElementChild?.remove()
  if (isFollowing) list.scrollTop = list.scrollHeight
}

function noticeScroll() {
  const list = element('log')
  isFollowing = list.scrollHeight - list.scrollTop - list.clientHeight < 40
}

/** @param {string} text */
function kindOf(text) {
  if (/^hash /.test(text)) return 'job'
  if (/ open$/.test(text)) return 'open'
  if (/ closed after /.test(text)) return 'closed'
  return / [45]\d\d \d+ ms$/.test(text) ? 'refused' : 'request'
}
