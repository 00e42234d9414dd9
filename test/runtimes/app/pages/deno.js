// A feed of notes on Deno: whoever listens gets what anyone posts.

import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'

const channel = new SseChannel()

async function handle(request) {
  if (new URL(request.url).pathname !== '/feed') return new Response(null, { status: 404 })
  if (request.method === 'POST') {
    const { text } = await request.json()
    const id = await channel.publish({ event: 'note', data: { text: String(text) } })
    return Response.json({ id }, { status: 201 })
  }
  const { stream, response } = openStream(request)
  // Not awaited: what it sends is read once the response has been returned.
  channel.subscribe(stream).catch((error) => stream.destroy(error))
  return response
}

const server = Deno.serve({
  hostname: '127.0.0.1',
  port: Number(Deno.env.get('PORT') ?? 8080),
  handler: handle,
  onListen: ({ port }) => console.log(`Listening on http://127.0.0.1:${port}/`),
})

Deno.addSignalListener('SIGTERM', async () => {
  const stopped = server.shutdown()
  await closeAllStreams({ retryMs: [1_000, 5_000] })
  await stopped
  Deno.exit()
})
