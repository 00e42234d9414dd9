// An application of CommonJS: a server and its client, and what the client receives.

const { once } = require('node:events')
const { createServer } = require('node:http')
const { closeAllStreams, defineEvents, SseChannel, text } = require('eventwire')
const { connect } = require('eventwire/client')
const { openStream } = require('eventwire/node')

const events = defineEvents({ greeting: text(), bye: null })

async function roundTrip() {
  const channel = new SseChannel({ events })
  const server = createServer(async (req, res) => {
    await channel.subscribe(openStream(req, res, { events }))
    await channel.publish({ event: 'greeting', data: 'hello\nagain' })
    await channel.publish({ event: 'bye' })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const received = []
  const url = `http://127.0.0.1:${server.address().port}`
  for await (const { event, data } of connect(url, { events })) {
    received.push(event, data)
    if (event === 'bye') break
  }
  server.close()
  await closeAllStreams()
  return received
}

module.exports = { roundTrip }

if (require.main === module) {
  roundTrip().then((received) => console.log(JSON.stringify(received)))
}
