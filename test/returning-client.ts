// A channel with a past, and clients that come to it with the id of some event.

import { SseChannel } from '../src/index.js'
import { FakeClient } from './fake-client.js'
import { tick } from './fake-sink.js'

/** A channel on which these have been published; gives their ids too. */
export async function channelWith(data: readonly string[], options = {}) {
  const channel = new SseChannel(options)
  const ids: string[] = []
  for (const text of data) ids.push(await channel.publish({ data: text }))
  return { channel, ids }
}

/** Subscribes a new client that has this id. */
export async function join(channel: SseChannel, lastEventId = '', options = {}) {
  const client = new FakeClient(lastEventId)
  const subscription = await channel.subscribe(client.stream, options)
  await tick()
  return { client, subscription }
}

export const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
