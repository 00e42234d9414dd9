// Jobs with progress: a request starts one, an event stream tells how far it is.
// @ts-check

import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { closeAllStreams } from 'eventwire'
import { lastEventIdOf, sse, stop } from 'eventwire/express'
import express from 'express'
import { Job } from './job.js'

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const MAX_ROWS = 1_000
/** How long the outcome of a job is kept, for those who come back late. */
const KEPT_MS = 600_000

/**
 * Stands for your work: a row imported, a page rendered, a mail sent.
 *
 * @param {AbortSignal} signal
 */
const importRow = (signal) => wait(50 + Math.random() * 50, undefined, { signal })

/** @type {Map<string, Job>} */
const jobs = new Map()
const app = express()
app.use(express.static(fileURLToPath(new URL('page', import.meta.url))))
app.use(sse({ retryMs: 1_000 }))

app.post('/jobs', express.json(), (req, res) => {
  const { rows } = /** @type {{ rows?: any }} */ (req.body ?? {})
  if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
    return res.status(400).json({ error: `rows: an integer from 1 to ${MAX_ROWS}` })
  }
  const job = new Job(rows, importRow)
  jobs.set(job.id, job)
  job.ended.then(() => setTimeout(() => jobs.delete(job.id), KEPT_MS).unref())
  res.status(201).location(`/jobs/${job.id}`).json({ id: job.id })
})

app.get('/jobs/:id', async (req, res) => {
  const job = jobs.get(req.params.id)
  if (job === undefined) return res.sendStatus(404)
  // It has seen the end: 204 keeps the browser from connecting again.
  if (job.endId !== '' && lastEventIdOf(req) === job.endId) return stop(res)
  await job.showTo(res.sse())
})

app.delete('/jobs/:id', async (req, res) => {
  await jobs.get(req.params.id)?.stop()
  res.sendStatus(204)
})

const server = app.listen(Number(PORT), HOST, (error) => {
  // Such as a port that is taken. Express hands it over here, where node:http would throw it.
  if (error) throw error
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`Job progress: http://${HOST}:${port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await Promise.all(Array.from(jobs.values(), (job) => job.stop()))
    await closeAllStreams()
    // Browsers open connections in advance: without a request, these would keep the server open.
    server.closeAllConnections()
  })
}
