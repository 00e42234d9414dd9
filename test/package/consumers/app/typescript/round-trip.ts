// An application in TypeScript: a server and its client, and what the client receives.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CloseInfo,
  closeAllStreams,
  defineEvents,
  SseChannel,
  SseError,
  text,
} from 'eventwire'
import { connect, type SseActivity } from 'eventwire/client'
import { openStream as openAsFetch } from 'eventwire/fetch'
import { openStream } from 'eventwire/node'
import { parseEvents } from 'eventwire/parser'

const events = defineEvents({ greeting: text(), bye: null })

async function main(): Promise<void> {
  const channel = new SseChannel({ events })
  const server = createServer(async (req, res) => {
    const stream = openStream(req, res, { events })
    await channel.subscribe(stream)
    await channel.publish({ event: 'greeting', data: 'hello\nagain' })
    await channel.publish({ event: 'bye' })
    // @ts-expect-error no such event
    if (stream.state === 'closed') await channel.publish({ event: 'prize' })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const received: unknown[] = []
  const activities: SseActivity['type'][] = []
  const onActivity = ({ type }: SseActivity) => activities.push(type)
  for await (const event of connect(`http://127.0.0.1:${port}`, { events, onActivity })) {
    // The name decides the type of the data.
    const length: number | undefined = event.event === 'greeting' ? event.data.length : event.data
    received.push(event.event, length === undefined ? undefined : event.data)
    if (event.event === 'bye') break
  }
  server.close()
  await closeAllStreams()
  if (!activities.includes('open')) throw new SseError('ERR_SSE_GAVE_UP', 'It has not opened')
  console.log(JSON.stringify(received))
}

/** The same without a network. */
export async function answered(request: Request): Promise<[CloseInfo, string[]]> {
  const { stream, response } = openAsFetch(request, { events })
  stream.send({ event: 'bye' })
  const names: string[] = []
  const ended = stream.end()
  for await (const { event } of parseEvents(response, { events })) names.push(event)
  return [await ended, names]
}

void main()
