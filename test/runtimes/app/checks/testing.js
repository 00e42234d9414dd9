// A stream without a server.

import { SseChannel } from 'eventwire'
import { createTestStream } from 'eventwire/testing'

export const title = '`createTestStream`: a client in memory that reads, stalls and leaves'

export const routes = {
  run: async ({ json }) => {
    const { stream, events, stall, resume, disconnect } = createTestStream()
    const channel = new SseChannel()
    await channel.subscribe(stream)
    await channel.publish({ data: 'published' })
    stall()
    stream.send({ event: 'own', data: { n: 1 } })
    const stalled = events().length
    resume()
    const data = events().map((event) => `${event.event} ${event.data}`)
    disconnect()
    json({ stalled, data, info: await stream.closed })
  },
}

export async function check({ json, equal }) {
  equal(await json('run'), {
    stalled: 1,
    data: ['message published', 'own {"n":1}'],
    info: { reason: 'client' },
  })
}
