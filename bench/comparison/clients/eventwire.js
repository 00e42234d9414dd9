// This package's client.
// @ts-check

import { connect } from 'eventwire/client'

export const name = 'eventwire'

/** @param {string} url @param {(event: { event: string, data: string }) => void} onEvent */
export function follow(url, onEvent) {
  const connection = connect(url, { reconnect: { baseMs: 50 } })
  const done = (async () => {
    for await (const event of connection) onEvent(event)
  })()
  return { done, stop: () => connection.close() }
}
