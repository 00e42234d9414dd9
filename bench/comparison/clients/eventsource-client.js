// eventsource-client.
// @ts-check

import { createEventSource } from 'eventsource-client'

export const name = 'eventsource-client'

/** @param {string} url @param {(event: { event: string, data: string }) => void} onEvent */
export function follow(url, onEvent) {
  const source = createEventSource({
    url,
    onMessage: ({ event = 'message', data }) => onEvent({ event, data }),
  })
  return { done: new Promise(() => {}), stop: () => source.close() }
}
