// The client, by the runtime's own Request and Response: it comes back from its last event on, and leaves when told to.

import { SseChannel } from 'eventwire'
import { connect } from 'eventwire/client'
import { openStream } from 'eventwire/fetch'

export const title =
  '`connect`: comes back from its last event on, exactly, and leaves when told to'

export const routes = {
  run: async ({ json }) => {
    const channel = new SseChannel()
    const streams = []
    const asked = []
    const connection = connect('http://feed.example/', {
      // In place of the network, which not every runtime lets a request reach its own server by.
      fetch: async (url, init) => {
        const request = new Request(url, init)
        asked.push(request.headers.get('last-event-id') !== null)
        const { stream, response } = openStream(request)
        streams.push(stream)
        // Not waited for: what it replays is read only once the response is returned.
        void channel.subscribe(stream)
        return response
      },
      reconnect: { baseMs: 1 },
    })
    const received = []
    const publishing = (async () => {
      while (streams.length === 0) await new Promise((again) => setTimeout(again, 1))
      for (let n = 0; n < 30; n++) {
        await channel.publish({ data: `${n}` })
        // A cut in the middle of it, and an end in good order.
        if (n === 9) streams.at(-1).destroy()
        if (n === 19) void streams.at(-1).end()
        await new Promise((again) => setTimeout(again, 1))
      }
    })()
    for await (const { data } of connection) {
      received.push(Number(data))
      if (received.length === 30) break
    }
    await publishing
    const { reason } = await streams.at(-1).closed
    json({ received, asked: asked.slice(0, 3), state: connection.state, reason })
  },
}

export async function check({ json, equal }) {
  equal(await json('run'), {
    received: Array.from({ length: 30 }, (_, n) => n),
    asked: [false, true, true],
    state: 'closed',
    reason: 'client',
  })
}
