// One node of a service, as a process: a feed on a shared log, closed by SIGTERM as docs/shutdown.md has it.

import { createServer } from 'node:http'
import { closeAllStreams, SseChannel, streamStats } from 'eventwire'
import { openStream } from 'eventwire/node'
import { LogByIpc } from './log-by-ipc.js'

const { streamOptions = {}, closeOptions = {} } = JSON.parse(process.argv[2] ?? '{}')

const channel = new SseChannel({ name: 'feed', log: new LogByIpc() })
const server = createServer((req, res) => channel.subscribe(openStream(req, res, streamOptions)))
server.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'listening', value: Object(server.address()).port })
})

process.on('message', (/** @type {any} */ { type }) => {
  // The end is in the hands of whoever may still be sending.
  if (type === 'bye') process.disconnect()
  if (type === 'stats') process.send?.({ type: 'stats', value: streamStats() })
})

process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve))
  const count = await closeAllStreams(closeOptions)
  await closed
  process.send?.({ type: 'closed', value: { count, stats: streamStats() } })
})
