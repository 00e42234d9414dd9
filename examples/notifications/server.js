// Notifications for each user: what was missed comes when the page is back, also after a restart of the server.
// @ts-check

import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import { closeAllStreams, SseChannel } from 'eventwire'
import { sse } from 'eventwire/koa'
import Koa from 'koa'
import serve from 'koa-static'

/** @typedef {{ id: string, to: string, from: string, text: string, at: string }} Notification */
/** @typedef {{ inbox: Notification[], notification: Notification, read: { id: string } }} InboxEvents */

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const USERS = ['ada', 'grace']
const MAX_LENGTH = 200
const FILE = new URL('inbox.json', import.meta.url)

/** What has not been read, and the key that signs the cookies: both outlive the process. */
const saved = load()

/** @type {SseChannel<InboxEvents>} */
const channel = new SseChannel({
  // A fresh page gets what is unread. So does one that comes back after a restart: its last event id is of a
  // history that is gone, and the channel knows it.
  snapshot: ({ topics = [] }) => [
    { event: 'inbox', data: saved.unread.filter(({ to }) => topics.includes(to)) },
  ],
  onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
})

const router = new Router()

router.post('/login', (ctx) => {
  const { user } = bodyOf(ctx)
  if (!USERS.includes(user)) ctx.throw(400, 'There is no such user')
  ctx.cookies.set('user', user, { signed: true, sameSite: 'strict' })
  ctx.body = { user }
})

router.post('/logout', (ctx) => {
  ctx.cookies.set('user', null)
  ctx.status = 204
})

router.get('/me', (ctx) => {
  ctx.body = { user: ctx.cookies.get('user', { signed: true }) ?? null, users: USERS }
})

router.get('/notifications', async (ctx) => {
  const user = userOf(ctx)
  // Within a quarter of an hour the page connects again, and its cookie is looked at anew.
  const stream = ctx.sse({ retryMs: 1_000, maxLifetimeMs: 900_000 })
  // Each user is a topic: nobody gets what is for another.
  await channel.subscribe(stream, { topics: [user] })
})

router.post('/notifications', (ctx) => {
  const from = userOf(ctx)
  const { to, text } = bodyOf(ctx)
  if (!USERS.includes(to)) ctx.throw(400, 'There is no such user')
  const isText = typeof text === 'string' && text.trim() !== '' && text.length <= MAX_LENGTH
  if (!isText) ctx.throw(400, `Expected a text of at most ${MAX_LENGTH} characters`)
  const data = { id: randomUUID(), to, from, text, at: new Date().toISOString() }
  // Saved and published in one run: no snapshot is made in between.
  save([...saved.unread, data])
  channel.publish({ event: 'notification', data }, { topic: to })
  ctx.status = 201
})

router.delete('/notifications/:id', (ctx) => {
  const user = userOf(ctx)
  const { id = '' } = ctx.params
  save(saved.unread.filter((notification) => notification.id !== id || notification.to !== user))
  channel.publish({ event: 'read', data: { id } }, { topic: user })
  ctx.status = 204
})

const app = new Koa({ keys: [saved.key] })
app.use(serve(fileURLToPath(new URL('page', import.meta.url))))
app.use(bodyParser({ enableTypes: ['json'] }))
app.use(sse())
app.use(router.routes()).use(router.allowedMethods())

const server = app.listen(Number(PORT), HOST, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`Notifications: http://${HOST}:${port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await closeAllStreams()
    // Browsers open connections in advance: without a request, these would keep the server open.
    server.closeAllConnections()
  })
}

/** @param {Koa.Context} ctx */
function userOf(ctx) {
  const user = ctx.cookies.get('user', { signed: true })
  return user ?? ctx.throw(401, 'Log in first')
}

/** @param {Koa.Context} ctx */
const bodyOf = (ctx) => /** @type {Record<string, any>} */ (ctx.request.body ?? {})

/** @returns {{ key: string, unread: Notification[] }} */
function load() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
    return { key: randomBytes(32).toString('base64url'), unread: [] }
  }
}

/**
 * Stands for your database. The file is whole at any time, and written before anyone is told.
 *
 * @param {Notification[]} unread
 */
function save(unread) {
  saved.unread = unread
  const written = new URL('inbox.json.new', import.meta.url)
  writeFileSync(written, JSON.stringify(saved), { mode: 0o600 })
  renameSync(written, FILE)
}
