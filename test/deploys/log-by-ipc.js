// A log that several processes share: kept by the one that has started them, asked over their channels.

import { MemoryLog } from 'eventwire'

/**
 * The log as a started process sees it.
 *
 * @implements {import('eventwire').EventLog}
 */
export class LogByIpc {
  /** @type {Map<number, (answer: any) => void>} */
  #asked = new Map()
  /** @type {Map<number, import('eventwire').LogFollower>} */
  #followers = new Map()
  #last = 0
  #order = new MemoryLog()

  constructor() {
    process.on('message', (/** @type {any} */ { type, number, value }) => {
      if (type === 'answer') this.#asked.get(number)?.(value)
      else if (type === 'start') this.#followers.get(number)?.start(value)
      else if (type === 'next') this.#followers.get(number)?.next(value)
    })
  }

  /** @type {import('eventwire').EventLog['append']} */
  append(...parameters) {
    return this.#ask('append', parameters)
  }

  /** @type {import('eventwire').EventLog['since']} */
  since(...parameters) {
    return this.#ask('since', parameters)
  }

  /** @type {import('eventwire').EventLog['follow']} */
  async follow(channel, follower) {
    const number = this.#last + 1
    this.#followers.set(number, follower)
    await this.#ask('follow', [channel])
    return async () => {
      this.#followers.delete(number)
    }
  }

  /** @type {import('eventwire').EventLog['compare']} */
  compare(one, other) {
    return this.#order.compare(one, other)
  }

  async close() {}

  /**
   * @param {string} method
   * @param {unknown[]} parameters
   * @returns {Promise<any>}
   */
  #ask(method, parameters) {
    const number = ++this.#last
    return new Promise((resolve) => {
      this.#asked.set(number, resolve)
      process.send?.({ type: 'log', number, method, parameters })
    })
  }
}

/**
 * Answers a started process from the log.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ append: Function, since: Function, follow: Function }} log
 */
export function serveLog(child, log) {
  child.on('message', async (/** @type {any} */ { type, number, method, parameters }) => {
    if (type !== 'log') return
    const tell = (/** @type {string} */ type, /** @type {unknown} */ value) =>
      // It may be gone before it is known to be.
      child.connected && child.send({ type, number, value }, () => {})
    const value = await (method === 'follow'
      ? log.follow(parameters[0], {
          start: (/** @type {string} */ position) => tell('start', position),
          next: (/** @type {unknown} */ record) => tell('next', record),
        })
      : log[/** @type {'append' | 'since'} */ (method)](...parameters))
    tell('answer', method === 'follow' ? undefined : value)
  })
}
