// Who listens to a topic gets what anyone posts to it.

import { openStream } from 'eventwire/fetch'
import { channel, type Feed, TOPICS } from '../../../lib/feed'

interface Context {
  params: Promise<{ topic: string }>
}

export const dynamic = 'force-dynamic'

export async function GET(request: Request, { params }: Context) {
  const { topic } = await params
  if (!TOPICS.includes(topic)) return Response.json({ error: 'No such topic' }, { status: 404 })
  const { stream, response } = openStream<Feed>(request)
  // Not awaited: what it sends is read once the response has been returned.
  channel.subscribe(stream, { topics: [topic] }).catch((error) => stream.destroy(error))
  return response
}

export async function POST(request: Request, { params }: Context) {
  const { topic } = await params
  const { text } = (await request.json()) as Feed['note']
  const id = await channel.publish({ event: 'note', data: { text } }, { topic })
  return Response.json({ id }, { status: 201 })
}
