// What is published reaches all clients, and one that comes back gets what it missed.

import { SseChannel } from 'eventwire'

export const title = 'A channel: one chunk for several clients, and exact resume'

let channel = new SseChannel()

export const routes = {
  open: async (call) => {
    // Some runtimes see a client leave when they write to it.
    const stream = call.open({ heartbeatMs: 200 })
    const { resume } = await channel.subscribe(stream)
    stream.send({ event: 'subscribed', data: resume })
  },
  publish: async ({ query, json }) => {
    const texts = query.getAll('text')
    await Promise.all(texts.map((data) => channel.publish({ data })))
    json({ size: channel.size })
  },
  close: async ({ json }) => {
    await channel.close()
    channel = new SseChannel()
    json({})
  },
}

const texts = ({ events }) =>
  events()
    .filter(({ event }) => event === 'message')
    .map(({ data }) => data)

export async function check({ open, json, until, equal }) {
  const subscribe = async (headers) => {
    const answer = await open('open', { headers })
    await answer.until(() => answer.text().includes('event: subscribed'), 'the subscription')
    return answer
  }
  const one = await subscribe()
  const other = await subscribe()
  equal(await json('publish?text=a&text=%C3%A4'), { size: 2 })
  equal(await json('publish?text=b'), { size: 2 })
  for (const answer of [one, other]) {
    await answer.until(() => texts(answer).length === 3, 'three events')
    equal(texts(answer), ['a', 'ä', 'b'])
  }
  other.leave()
  await until(async () => (await json('publish')).size === 1, 'the other client gone')
  await json('publish?text=c&text=d')
  const again = await subscribe({ 'last-event-id': other.events().at(-1).id })
  await json('publish?text=e')
  await again.until(() => texts(again).length === 3, 'what was missed, and the next')
  equal(texts(again), ['c', 'd', 'e'])
  await one.until(() => texts(one).length === 6, 'all events')
  equal(texts(one), ['a', 'ä', 'b', 'c', 'd', 'e'])
  const { data } = again.events().find(({ event }) => event === 'subscribed')
  equal(data, 'resumed')
  for (const answer of [one, again]) answer.leave()
  await json('close')
}
