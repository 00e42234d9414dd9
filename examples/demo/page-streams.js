// The open streams of each page, so that a page can have its own cut.

/** @import { SseStream } from 'eventwire' */

/** @typedef {Pick<SseStream, 'state' | 'closed' | 'destroy'>} PageStream - whatever its events are */

export class PageStreams {
  /** @type {Map<string, Set<PageStream>>} */
  #streams = new Map()

  /**
   * @param {string} page
   * @param {PageStream} stream
   */
  add(page, stream) {
    const streams = this.#streams.get(page) ?? new Set()
    this.#streams.set(page, streams.add(stream))
    stream.closed.then(() => {
      streams.delete(stream)
      if (streams.size === 0 && this.#streams.get(page) === streams) this.#streams.delete(page)
    })
  }

  /**
   * Cuts the connections of a page, as a broken network would.
   *
   * @param {string} page
   * @returns their number
   */
  cut(page) {
    const streams = [...(this.#streams.get(page) ?? [])]
    for (const stream of streams) stream.destroy()
    return streams.length
  }
}
