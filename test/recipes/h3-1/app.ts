// The same with h3 1, on Node.js: by the request and the response of Node.js.

import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/node'
import {
  createApp,
  createError,
  createRouter,
  defineEventHandler,
  getRouterParam,
  readBody,
  setResponseStatus,
} from 'h3-1'

interface Feed {
  note: { text: string }
}

const TOPICS = ['sport', 'weather']

const channel = new SseChannel<Feed>()

const router = createRouter()

router.get(
  '/feed/:topic',
  defineEventHandler(async (event) => {
    const topic = getRouterParam(event, 'topic') ?? ''
    if (!TOPICS.includes(topic)) throw createError({ status: 404, message: 'No such topic' })
    const stream = openStream<Feed>(event.node.req, event.node.res)
    await channel.subscribe(stream, { topics: [topic] })
  }),
)

router.post(
  '/feed/:topic',
  defineEventHandler(async (event) => {
    const { text } = await readBody<Feed['note']>(event)
    const topic = getRouterParam(event, 'topic') ?? ''
    const id = await channel.publish({ event: 'note', data: { text } }, { topic })
    setResponseStatus(event, 201)
    return { id }
  }),
)

export const app = createApp().use(router)
