// An application of ES modules: a server and its client, and what the client receives.

import { createServer } from 'node:http'
import { closeAllStreams, defineEvents, SseChannel, text } from 'eventwire'
import { connect } from 'eventwire/client'
import { openStream } from 'eventwire/node'

const events = defineEvents({ greeting: text(), bye: null })
const channel = new SseChannel({ events })
const server = createServer(async (req, res) => {
  await channel.subscribe(openStream(req, res, { events }))
  await channel.publish({ event: 'greeting', data: 'hello\nagain' })
  await channel.publish({ event: 'bye' })
})

server.listen(0, '127.0.0.1', async () => {
  const received = []
  const url = `http://127.0.0.1:${server.address().port}`
  for await (const { event, data } of connect(url, { events })) {
    received.push(event, data)
    if (event === 'bye') break
  }
  server.close()
  await closeAllStreams()
  console.log(JSON.stringify(received))
})
