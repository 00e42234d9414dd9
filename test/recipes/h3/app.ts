// A feed of notes with h3: who listens to a topic gets what anyone posts to it.

import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { defineHandler, getRouterParam, H3, HTTPError, readBody } from 'h3'

interface Feed {
  note: { text: string }
}

const TOPICS = ['sport', 'weather']

const channel = new SseChannel<Feed>()

export const app = new H3()

app.get(
  '/feed/:topic',
  defineHandler((event) => {
    const topic = getRouterParam(event, 'topic') ?? ''
    if (!TOPICS.includes(topic)) throw new HTTPError({ status: 404, message: 'No such topic' })
    const { stream, response } = openStream<Feed>(event.req)
    // Not awaited: what it sends is read once the response has been returned.
    channel.subscribe(stream, { topics: [topic] }).catch((error) => stream.destroy(error))
    return response
  }),
)

app.post(
  '/feed/:topic',
  defineHandler(async (event) => {
    const { text } = (await readBody<Feed['note']>(event)) ?? { text: '' }
    const topic = getRouterParam(event, 'topic') ?? ''
    const id = await channel.publish({ event: 'note', data: { text } }, { topic })
    event.res.status = 201
    return { id }
  }),
)
