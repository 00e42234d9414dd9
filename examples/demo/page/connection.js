// The panel on top: the state of the connection and what came through it.

import { button, element, setText } from './element.js'
import { formatBytes, formatCount, formatSeconds } from './numbers.js'

/** @import { Sample } from '../metrics.js' */

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

  /** @param {'connecting' | 'open' | 'closed'} state */
  showState(state) {
    const pill = element('state')
    if (pill.dataset.state === state) return
    pill.dataset.state = state
    setText('state', state)
    button('cut').disabled = state !== 'open'
    if (state === 'open') this.#connections++
    else {
      this.#lostMs = performance.now()
      this.say('The connection is gone. The browser tries again by itself.')
    }
    setText('reconnects', formatCount(Math.max(0, this.#connections - 1)))
  }

  /** @param {{ resume: 'fresh' | 'resumed' | 'gap', replayed: number }} hello */
  showHello({ resume, replayed }) {
    if (resume !== 'resumed') {
      this.say(
        resume === 'fresh'
          ? `Connected. The server sent what it had kept: ${count(replayed)}.`
          : 'Connected to a server that does not know the last event id: the charts start over.',
      )
      return
    }
    this.#resumed += replayed
    setText('resumed', formatCount(this.#resumed))
    const gone = formatSeconds(performance.now() - this.#lostMs)
    this.say(`Back after ${gone}. The server sent what was missed: ${count(replayed)}.`)
  }

  /**
   * @param {Sample} sample
   * @param {string} id
   * @param {number} missing
   */
  showSample({ rssMb, streams }, id, missing) {
    setText('last-event-id', id)
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

/** @param {number} samples */
function count(samples) {
  return `${formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}`
}
