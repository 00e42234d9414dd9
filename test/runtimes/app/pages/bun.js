// A feed of notes on Bun: whoever listens gets what anyone posts.

import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'

const channel = new SseChannel()

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: process.env.PORT ?? 8080,
  routes: {
    '/feed': {
      GET: (request) => {
        const { stream, response } = openStream(request)
        // Not awaited: what it sends is read once the response has been returned.
        channel.subscribe(stream).catch((error) => stream.destroy(error))
        return response
      },
      POST: async (request) => {
        const { text } = await request.json()
        const id = await channel.publish({ event: 'note', data: { text: String(text) } })
        return Response.json({ id }, { status: 201 })
      },
    },
  },
})
console.log(`Listening on ${server.url}`)

process.on('SIGTERM', async () => {
  const stopped = server.stop()
  await closeAllStreams({ retryMs: [1_000, 5_000] })
  await stopped
  process.exit()
})
