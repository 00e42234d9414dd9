// The app on Node.js, and how it stops with streams open.

import { closeAllStreams } from 'eventwire'
import { serve } from 'h3'
import { app } from './app.js'

const { HOST: hostname = 'localhost', PORT: port = '3000' } = process.env

export const server = serve(app, { hostname, port })

export async function stop() {
  const closed = server.close()
  await closeAllStreams({ withinMs: 2_000 })
  await closed
}

process.once('SIGTERM', stop)
