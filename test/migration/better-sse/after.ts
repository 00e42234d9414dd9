import { SseChannel } from 'eventwire'
import { openStream } from 'eventwire/express'
import express from 'express'

interface Scores {
  welcome: { team: string }
  score: { team: string; goals: number }
}

export const app = express()
const channel = new SseChannel<Scores>()

app.get('/scores', async (req, res) => {
  const team = String(req.query.team)
  const stream = openStream<Scores>(req, res, { heartbeatMs: 10_000, retryMs: 2_000 })
  // Only whoever comes for the first time is welcomed: the others resume.
  if (stream.lastEventId === '') stream.send({ event: 'welcome', data: { team } })
  await channel.subscribe(stream, { topics: [team] })
})

export const score = (team: string, goals: number) =>
  channel.publish({ event: 'score', data: { team, goals } }, { topic: team })
