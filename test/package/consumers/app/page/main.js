// A page that a bundler builds: it shows what it receives.

import { connect } from 'eventwire/client'
import { defineEvents, parseEvents, text } from 'eventwire/parser'

const events = defineEvents({ greeting: text(), bye: null })

/** @param {AsyncIterable<{ event: string, data?: string | undefined }>} source */
async function show(source) {
  for await (const { event, data } of source) {
    const line = document.createElement('p')
    line.textContent = `${event}: ${data ?? 'nothing'}`
    document.body.append(line)
    if (event === 'bye') break
  }
}

await show(connect('feed', { events }))
await show(parseEvents(await fetch('feed'), { events }))
