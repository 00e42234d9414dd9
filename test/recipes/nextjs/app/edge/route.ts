// On the Edge runtime: a stream for as long as the platform lets a request last.

import { streamStats } from 'eventwire'
import { openStream } from 'eventwire/fetch'

export const runtime = 'edge'

async function* countdown(signal: AbortSignal) {
  for (let left = 3; left > 0 && !signal.aborted; left--) {
    yield left
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export function GET(request: Request) {
  if (request.headers.has('x-stats')) return Response.json(streamStats())
  const { stream, response } = openStream<{ left: number }>(request, { maxLifetimeMs: 20_000 })
  stream
    .sendAll(countdown(stream.signal), (left) => ({ event: 'left', data: left }))
    .then(() => stream.end())
    .catch((error) => stream.destroy(error))
  return response
}
