// Jobs with progress: a request starts one, an event stream tells how far it is.
// @ts-check

import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { closeAllStreams, SseChannel } from 'eventwire'
import { lastEventIdOf, sse, stop } from 'eventwire/express'
import express from 'express'

/** @typedef {{ done: number, total: number }} Progress */
/** @typedef {Progress & { outcome: 'done' | 'stopped' | 'failed' }} End */
/** @typedef {{ progress: Progress, end: End }} JobEvents */

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const MAX_ROWS = 1_000
/** How long a job goes on with nobody watching: time enough to reconnect. */
const GRACE_MS = 5_000
/** How long its outcome is kept, for those who come back late. */
const KEPT_MS = 600_000

/**
 * Stands for your work: a row imported, a page rendered, a mail sent.
 *
 * @param {AbortSignal} signal
 */
const importRow = (signal) => wait(50 + Math.random() * 50, undefined, { signal })

class Job {
  id = randomUUID()
  /** The id of the event that tells of the end. */
  endId = ''
  #done = 0
  /** @type {End['outcome'] | undefined} */
  #outcome
  #stopping = new AbortController()
  /** @type {NodeJS.Timeout | undefined} */
  #grace
  /** @type {SseChannel<JobEvents>} */
  #channel = new SseChannel({
    snapshot: () => [this.#state()],
    onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
  })

  /** @param {number} total */
  constructor(total) {
    this.total = total
    this.ended = this.#run()
    this.#giveGrace()
  }

  /** @param {import('eventwire').SseStream<JobEvents>} stream */
  async showTo(stream) {
    await this.#channel.subscribe(stream)
    await Promise.race([this.ended, stream.closed])
    if (this.#outcome) await stream.end()
    else this.#giveGrace()
  }

  stop() {
    this.#stopping.abort()
    return this.ended
  }

  async #run() {
    const { signal } = this.#stopping
    try {
      for (; this.#done < this.total; this.#done++) {
        // For a slow page, the newest progress takes the place of the one that waits.
        this.#channel.publish(this.#state(), { conflate: 'progress' })
        await importRow(signal)
      }
      this.#outcome = 'done'
    } catch (error) {
      this.#outcome = signal.aborted ? 'stopped' : 'failed'
      if (!signal.aborted) console.error(error)
    }
    clearTimeout(this.#grace)
    console.log(`Job ${this.id}: ${this.#outcome} at ${this.#done} of ${this.total}`)
    this.endId = await this.#channel.publish(this.#state())
  }

  #giveGrace() {
    clearTimeout(this.#grace)
    this.#grace = setTimeout(() => {
      if (this.#channel.size === 0) this.stop()
    }, GRACE_MS)
  }

  /** @returns {{ event: 'progress', data: Progress } | { event: 'end', data: End }} */
  #state() {
    const progress = { done: this.#done, total: this.total }
    if (this.#outcome === undefined) return { event: 'progress', data: progress }
    return { event: 'end', data: { ...progress, outcome: this.#outcome } }
  }
}

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
  const job = new Job(rows)
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

const server = app.listen(Number(PORT), HOST, () => {
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
