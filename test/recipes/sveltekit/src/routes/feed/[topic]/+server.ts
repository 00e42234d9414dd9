// Who listens to a topic gets what anyone posts to it.

import { error, json } from '@sveltejs/kit'
import { openStream } from 'eventwire/fetch'
import { channel, type Feed, TOPICS } from '$lib/server/feed'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = ({ request, params: { topic } }) => {
  if (!TOPICS.includes(topic)) error(404, 'No such topic')
  const { stream, response } = openStream<Feed>(request)
  // Not awaited: what it sends is read once the response has been returned.
  channel.subscribe(stream, { topics: [topic] }).catch((failure) => stream.destroy(failure))
  return response
}

export const POST: RequestHandler = async ({ request, params: { topic } }) => {
  const { text } = (await request.json()) as Feed['note']
  const id = await channel.publish({ event: 'note', data: { text } }, { topic })
  return json({ id }, { status: 201 })
}
