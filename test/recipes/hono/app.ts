// A feed of notes with Hono: who listens to a topic gets what anyone posts to it.

import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'

interface Feed {
  note: { text: string }
}

const TOPICS = ['sport', 'weather']

const channel = new SseChannel<Feed>()

export const app = new Hono()

app.get('/feed/:topic', (c) => {
  const topic = c.req.param('topic')
  if (!TOPICS.includes(topic)) throw new HTTPException(404, { message: 'No such topic' })
  const { stream, response } = openStream<Feed>(c.req.raw)
  // Not awaited: what it sends is read once the response has been returned.
  channel.subscribe(stream, { topics: [topic] }).catch((error) => stream.destroy(error))
  return response
})

app.post('/feed/:topic', async (c) => {
  const { text } = await c.req.json<Feed['note']>()
  const id = await channel.publish(
    { event: 'note', data: { text } },
    { topic: c.req.param('topic') },
  )
  return c.json({ id }, 201)
})
