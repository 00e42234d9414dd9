// The panel on top: the state of the connection and what came through it.

import { button, element, setText } from './element.js'
import { formatBytes, formatCount, formatSeconds } from './numbers.js'

/** @import { FeedEvents } from '../feed.js' */
/** @import { Sample } from '../metrics.js' */
/** @import { FeedState } from './feed.js' */

/** What is said of each state but 'open', of which the server's hello tells. */
const MESSAGES = {
  connecting: 'The connection is gone. The browser tries again by itself.',
  away: 'You are away, until you reconnect. Publish a note in another tab meanwhile.',
  closed: 'The browser has given up. The page tries again soon.',
}

const stillness = matchMedia('(prefers-reduced-motion: reduce)')

export class ConnectionPanel {
  #events = 0
  #heartbeats = 0
  #heartbeatMs = 0
  #connections = 0
  #resumed = 0
  #lostMs = 0

  constructor() {
    setInterval(() => this.#showHeartbeatAge(), 1_000)
  }

  countEvent() {
    setText('events', formatCount(++this.#events))
  }

  countHeartbeat() {
    this.#heartbeatMs = performance.now()
    setText('heartbeats', formatCount(++this.#heartbeats))
    this.#showHeartbeatAge()
    if (stillness.matches) return
    element('pulse').animate(
      [
        { opacity: 1, scale: 1.6 },
        { opacity: 0.35, scale: 1 },
      ],
      900,
    )
  }

  get isAway() {
    return element('state').dataset.state === 'away'
  }

  /** @param {FeedState} state */
  showState(state) {
    const pill = element('state')
    const before = pill.dataset.state
    if (before === state) return
    pill.dataset.state = state
    setText('state', state)
    button('cut').disabled = state !== 'open'
    setText('away', state === 'away' ? 'Reconnect' : 'Cut and stay away')
    button('away').classList.toggle('primary', state === 'away')
    if (state === 'open') this.#connections++
    else {
      setText('outcome', '')
      this.say(before === 'away' ? 'Connecting again.' : MESSAGES[state])
    }
    if (before === 'open') this.#lostMs = performance.now()
    setText('reconnects', formatCount(Math.max(0, this.#connections - 1)))
  }

  /** @param {FeedEvents['hello']} hello */
  showHello({ resume, replayed }) {
    this.#resumed += replayed
    setText('resumed', formatCount(this.#resumed))
    const away = formatSeconds(performance.now() - this.#lostMs)
    const count = `${formatCount(replayed)} ${replayed === 1 ? 'event' : 'events'}`
    const { outcome, message } = {
      fresh: {
        outcome: 'Fresh start',
        message: 'The server sent the samples of its last two minutes.',
      },
      resumed: {
        outcome: `Resumed: got back ${count}`,
        message: `After ${away}: all that was published meanwhile.`,
      },
      gap: {
        outcome: 'Gap: some events are gone',
        message: 'The server is a new one, or keeps less. The charts start over.',
      },
    }[resume]
    setText('outcome', outcome)
    element('outcome').dataset.resume = resume
    this.say(message)
  }

  /** @param {string} id */
  showLastEventId(id) {
    setText('last-event-id', id === '' ? '–' : id)
  }

  /**
   * @param {Sample} sample
   * @param {number} missing
   */
  showSample({ rssMb, streams }, missing) {
    setText('missing', `${formatCount(missing)} missing`)
    setText('rss', formatCount(Math.round(rssMb)))
    setText('server-open', formatCount(streams.open))
    setText('server-events', formatCount(streams.eventsSent))
    setText('server-bytes', formatBytes(streams.bytesSent))
  }

  /** @param {string} message */
  say(message) {
    setText('message', message)
  }

  #showHeartbeatAge() {
    if (this.#heartbeats === 0) return
    const seconds = Math.floor((performance.now() - this.#heartbeatMs) / 1_000)
    setText('heartbeat-age', `${seconds} s ago`)
  }
}
