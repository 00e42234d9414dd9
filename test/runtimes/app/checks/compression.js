// Compressed streams, event by event.

import { SseChannel } from 'eventwire'

export const title = '`compress: true`, by gzip and by brotli'

const streams = []
const channel = new SseChannel()

export const routes = {
  open: async (call) => {
    const stream = call.open({ compress: true })
    streams.push(stream)
    await channel.subscribe(stream)
    stream.send({ event: 'subscribed' })
  },
  send: ({ query, json }) => {
    streams.at(-1).send({ data: query.get('text') })
    json({})
  },
  publish: async ({ query, json }) => {
    await channel.publish({ data: query.get('text') })
    json({})
  },
  end: async ({ json }) => {
    const ended = streams.splice(0).map((stream) => stream.end({ data: 'ä€😀'.repeat(50_000) }))
    json(await Promise.all(ended))
  },
}

export async function check({ open, json, equal }) {
  for (const coding of ['gzip', 'br']) {
    const headers = { 'accept-encoding': coding }
    const other = await open('open', { headers })
    const answer = await open('open', { headers })
    equal(answer.headers['content-encoding'], coding)
    const texts = ({ events }) =>
      events()
        .filter(({ event }) => event === 'message')
        .map(({ data }) => data)
    await answer.until(() => answer.text().includes('event: subscribed'), 'the subscription')
    for (const [index, way] of ['send', 'publish', 'publish', 'send'].entries()) {
      await json(`${way}?text=${way}-${index}`)
      await answer.until(() => texts(answer).length === index + 1, `event ${index + 1}`)
    }
    await other.until(() => texts(other).length === 2, 'what was published')
    equal(await json('end'), [{ reason: 'ended' }, { reason: 'ended' }])
    equal([await answer.ended, await other.ended], ['whole', 'whole'])
    equal(texts(answer).slice(0, 4), ['send-0', 'publish-1', 'publish-2', 'send-3'])
    equal(texts(answer)[4] === 'ä€😀'.repeat(50_000), true)
    equal(texts(other).slice(0, 2), ['publish-1', 'publish-2'])
  }
}
