// What watchers of the process hear.

import { SseChannel } from 'eventwire'
import { createTestStream } from 'eventwire/testing'

export const title =
  'Diagnostics channels: a stream that opens and closes, an event that is published'

const NAMES = ['eventwire:stream:open', 'eventwire:channel:publish', 'eventwire:stream:close']

export const routes = {
  run: async ({ json }) => {
    const diagnostics = globalThis.process?.getBuiltinModule?.('node:diagnostics_channel')
    const heard = []
    const hear = (message, name) => heard.push({ message, name })
    for (const name of NAMES) diagnostics?.subscribe(name, hear)
    const { stream, disconnect } = createTestStream()
    await new SseChannel().publish({ data: '' })
    disconnect()
    for (const name of NAMES) diagnostics?.unsubscribe(name, hear)
    // Streams of requests before this one may close meanwhile.
    const own = heard.filter(({ message }) => (message.stream ?? stream) === stream)
    json({ isThere: diagnostics !== undefined, heard: own.map(({ name }) => name) })
  },
}

export async function check({ json, equal }) {
  equal(await json('run'), { isThere: true, heard: NAMES })
}
