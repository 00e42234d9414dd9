// A feed for users who have signed in: each sees what is for it, on three streams at most.

import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { SseChannel } from 'eventwire'
import { openStream, refuse } from 'eventwire/node'
import { ConnectionCap } from './cap.js'

const { APP_ORIGIN = 'https://app.example' } = process.env

export const channel = new SseChannel()
export const perUser = new ConnectionCap(3)
const inAll = new ConnectionCap(10_000)

/** Stands for your sessions: who it is, what it may see, and what aborts when it signs out. */
export const sessions = new Map([
  ['a1', { user: 'anna', teams: ['red'], signOut: new AbortController() }],
  ['b2', { user: 'bert', teams: [] as string[], signOut: new AbortController() }],
])

export const server = createServer((req, res) => {
  // A page of another origin can make a browser send this request, cookies included, though not read the answer.
  const { origin } = req.headers
  if (origin !== undefined && origin !== APP_ORIGIN) return res.writeHead(403).end()
  const session = sessions.get(sessionOf(req))
  if (session === undefined || session.signOut.signal.aborted) return res.writeHead(401).end()

  // Nothing is awaited between the question and the count: no other request comes in between.
  if (!perUser.hasRoom(session.user) || !inAll.hasRoom('')) {
    // At random, so that those who are told to wait do not all come back at once.
    return refuse(res, { retryAfterMs: randomInt(5_000, 15_000) })
  }
  const stream = openStream(req, res, {
    headers: { 'cache-control': 'no-store, no-transform' },
    maxLifetimeMs: 3_600_000,
    signal: session.signOut.signal,
  })
  perUser.count(session.user, stream)
  inAll.count('', stream)

  // Looked up now: who comes back sees what it may see by now, also of what it has missed.
  const topics = [`user ${session.user}`, ...session.teams.map((team) => `team ${team}`)]
  channel.subscribe(stream, { topics }).catch((error) => stream.destroy(error))
})

function sessionOf({ headers }: IncomingMessage): string {
  return /(?:^|; )session=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? ''
}
