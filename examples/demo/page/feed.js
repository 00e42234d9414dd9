// The live feed: an EventSource, and what to do when the browser or the visitor gives it up.

/** @import { FeedEvents } from '../feed.js' */
/** @import { Sample } from '../metrics.js' */
/** @import { Note } from '../publish.js' */

/** @typedef {'connecting' | 'open' | 'away' | 'closed'} FeedState */

/**
 * @typedef {object} FeedListener
 * @property {(state: FeedState) => void} onState
 * @property {(lastEventId: string) => void} onEvent - called for each event, before what it holds
 * @property {() => void} onReset - what comes next does not go on from what came before
 * @property {(hello: FeedEvents['hello']) => void} onHello
 * @property {(sample: Sample) => void} onSample
 * @property {(note: Note, id: string, isReplayed: boolean) => void} onNote
 */

const GIVEN_UP_RETRY_MS = 3_000

/** Follows the feed for as long as the page lives. */
export class Feed {
  #page
  #listener
  #source
  #lastEventId = ''
  /** Whether the server has sent all that came before. */
  #isLive = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry

  /**
   * @param {string} page
   * @param {FeedListener} listener
   */
  constructor(page, listener) {
    this.#page = page
    this.#listener = listener
    this.#source = this.#connect()
  }

  /** Closes the connection, for good unless `comeBack` is called. */
  leave() {
    clearTimeout(this.#retry)
    this.#source.close()
    this.#listener.onState('away')
  }

  comeBack() {
    this.#source = this.#connect()
  }

  #connect() {
    const query = new URLSearchParams({ page: this.#page })
    // The browser sends the id only when it connects again by itself, not for a new EventSource.
    if (this.#lastEventId !== '') query.set('lastEventId', this.#lastEventId)
    const source = new EventSource(`/feed?${query}`)
    const { onState, onReset, onHello, onSample, onNote } = this.#listener
    onState('connecting')

    source.addEventListener('open', () => {
      this.#isLive = false
      if (this.#lastEventId === '') onReset()
      onState('open')
    })
    source.addEventListener('error', () => this.#onError())
    this.#on(source, 'gap', onReset)
    this.#on(source, 'sample', onSample)
    this.#on(source, 'note', (note, id) => onNote(note, id, !this.#isLive))
    this.#on(source, 'hello', (hello) => {
      this.#isLive = true
      onHello(hello)
    })
    return source
  }

  /**
   * @param {EventSource} source
   * @param {string} name
   * @param {(data: any, id: string) => void} listener
   */
  #on(source, name, listener) {
    source.addEventListener(name, ({ data, lastEventId }) => {
      // None, until the first event with an id: those of a snapshot have none but the last.
      if (lastEventId !== '') this.#lastEventId = lastEventId
      this.#listener.onEvent(this.#lastEventId)
      listener(JSON.parse(data), lastEventId)
    })
  }

  #onError() {
    if (this.#source.readyState === EventSource.CONNECTING) {
      this.#listener.onState('connecting')
      return
    }
    // Some browsers stop trying when the server cannot be reached at all.
    this.#listener.onState('closed')
    this.#retry = setTimeout(() => this.comeBack(), GIVEN_UP_RETRY_MS)
  }
}
