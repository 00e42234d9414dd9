// The live feed: an EventSource, and what to do when the browser gives it up.

/** @import { Sample } from '../metrics.js' */

/**
 * @typedef {object} FeedListener
 * @property {(state: 'connecting' | 'open' | 'closed') => void} onState
 * @property {(hello: { resume: 'fresh' | 'resumed' | 'gap', replayed: number }) => void} onHello
 * @property {(sample: Sample, id: string) => void} onSample
 */

const GIVEN_UP_RETRY_MS = 3_000

/**
 * Follows the feed for as long as the page lives.
 *
 * @param {string} page
 * @param {FeedListener} listener
 * @param {string} [lastEventId]
 */
export function followFeed(page, listener, lastEventId = '') {
  const query = new URLSearchParams(lastEventId === '' ? { page } : { page, lastEventId })
  const source = new EventSource(`/feed?${query}`)
  listener.onState('connecting')

  source.addEventListener('open', () => listener.onState('open'))
  source.addEventListener('hello', ({ data }) => listener.onHello(JSON.parse(data)))
  source.addEventListener('sample', (event) => {
    lastEventId = event.lastEventId
    listener.onSample(JSON.parse(event.data), lastEventId)
  })
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CONNECTING) {
      listener.onState('connecting')
      return
    }
    // Some browsers stop trying when the server cannot be reached at all.
    listener.onState('closed')
    setTimeout(() => followFeed(page, listener, lastEventId), GIVEN_UP_RETRY_MS)
  })
}
