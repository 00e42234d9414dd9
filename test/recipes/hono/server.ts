// The app on Node.js, and how it stops with streams open.

import { serve } from '@hono/node-server'
import { closeAllStreams } from 'eventwire'
import { app } from './app.js'

const { HOST: hostname = 'localhost', PORT: port = '3000' } = process.env

export const server = serve({ fetch: app.fetch, hostname, port: Number(port) })

export async function stop() {
  const closed = new Promise((resolve) => server.close(resolve))
  await closeAllStreams({ withinMs: 2_000 })
  await closed
}

process.once('SIGTERM', stop)
