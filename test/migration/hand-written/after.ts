import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/express'
import express from 'express'

export const app = express()
const channel = new SseChannel()

app.get('/feed', async (req, res) => {
  await channel.subscribe(openStream(req, res, { retryMs: 2_000 }))
})

export const publish = (event: string, data: string) => channel.publish({ event, data })
