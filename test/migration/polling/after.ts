import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/express'
import express from 'express'

interface Job {
  id: number
  state: string
}

export const app = express()
const channel = new SseChannel<{ job: Job }>({ history: { maxEvents: 10_000 } })

// A stream; `?delivery=long-poll` and `?delivery=poll` get the same events in responses that end.
app.get('/jobs', async (req, res) => {
  await channel.subscribe(openStream<{ job: Job }>(req, res, { delivery: 'auto' }))
})

export const change = (job: Job) => channel.publish({ event: 'job', data: job })
