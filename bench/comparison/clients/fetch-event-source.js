// @microsoft/fetch-event-source, with what it needs of a browser.
// @ts-check

import { EventEmitter } from 'node:events'

Object.assign(globalThis, {
  window: { setTimeout, clearTimeout, fetch },
  document: Object.assign(new EventTarget(), { hidden: false }),
})
EventEmitter.setMaxListeners(0)

const { fetchEventSource } = await import('@microsoft/fetch-event-source')

export const name = '@microsoft/fetch-event-source'

/** @param {string} url @param {(event: { event: string, data: string }) => void} onEvent */
export function follow(url, onEvent) {
  const leaving = new AbortController()
  const done = fetchEventSource(url, {
    signal: leaving.signal,
    onmessage: ({ event, data }) => onEvent({ event: event || 'message', data }),
  })
  return { done, stop: () => leaving.abort() }
}
