import { createChannel, createSession } from 'better-sse'
import express from 'express'

interface Viewer {
  team: string
}

export const app = express()
const channel = createChannel<object, Viewer>()

app.get('/scores', async (req, res) => {
  const state = { team: String(req.query.team) }
  const session = await createSession<Viewer>(req, res, { state, keepAlive: 10_000, retry: 2_000 })
  session.push({ team: session.state.team }, 'welcome')
  channel.register(session)
})

export function score(team: string, goals: number) {
  channel.broadcast({ team, goals }, 'score', { filter: (session) => session.state.team === team })
}
