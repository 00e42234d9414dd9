// What a job tells those who watch it: no server, no port, no waiting.
// @ts-check

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTestStream } from 'eventwire/testing'
import { GRACE_MS, Job } from './job.js'

/**
 * Starts a job whose rows are finished by the test.
 *
 * @param {number} total
 */
function startJob(total) {
  const rows = new EventEmitter()
  const job = new Job(total, (signal) => once(rows, 'end', { signal }))
  /** @param {unknown} [error] - why the row fails */
  const endRow = async (error) => {
    rows.emit(error === undefined ? 'end' : 'error', error)
    await turn()
  }
  return { job, endRow }
}

/**
 * Opens the stream of a page that watches the job.
 *
 * @param {Job} job
 * @param {string} [lastEventId]
 */
async function watch(job, lastEventId) {
  /** @type {import('eventwire/testing').TestStream<import('./job.js').JobEvents>} */
  const page = createTestStream({ lastEventId })
  job.showTo(page.stream)
  await turn()
  return page
}

/** @param {Awaited<ReturnType<typeof watch>>} page */
const seenBy = ({ events }) =>
  events().map(({ event, data }) => {
    const { done, outcome } = JSON.parse(data)
    return outcome ? `${event}: ${outcome} at ${done}` : `${event}: ${done}`
  })

test('shows a page that comes later how far it is, and then each step to the end', async () => {
  const { job, endRow } = startJob(3)
  await endRow()
  const page = await watch(job)
  await endRow()
  await endRow()

  assert.deepEqual(seenBy(page), ['progress: 1', 'progress: 2', 'end: done at 3'])
  assert.deepEqual(await page.stream.closed, { reason: 'ended' })
  assert.equal(page.events().at(-1)?.id, job.endId)
})

test('gives a page that has lost its connection the steps that it missed', async () => {
  const { job, endRow } = startJob(4)
  const lost = await watch(job)
  await endRow()
  lost.disconnect()
  await endRow()
  await endRow()
  const back = await watch(job, lost.events().at(-1)?.id)
  await endRow()

  assert.deepEqual(seenBy(lost), ['progress: 0', 'progress: 1'])
  assert.deepEqual(seenBy(back), ['progress: 2', 'progress: 3', 'end: done at 4'])
})

test('shows a page that was slow where the job is, not all the steps to there', async () => {
  const { job, endRow } = startJob(50)
  const page = await watch(job)
  page.stall()
  for (let row = 1; row < 50; row++) await endRow()
  page.resume()

  // The second lay in its socket already.
  assert.deepEqual(seenBy(page), ['progress: 0', 'progress: 1', 'progress: 49'])
  await endRow()
})

test('goes on while a page reconnects, and stops when none comes back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { job, endRow } = startJob(10)
  const first = await watch(job)
  first.disconnect()
  await turn()
  t.mock.timers.tick(GRACE_MS - 1)
  const second = await watch(job)
  t.mock.timers.tick(GRACE_MS)
  await endRow()
  assert.deepEqual(seenBy(second), ['progress: 0', 'progress: 1'])

  second.disconnect()
  await turn()
  t.mock.timers.tick(GRACE_MS)
  await job.ended
  assert.deepEqual(seenBy(await watch(job)), ['end: stopped at 1'])
})

test('says that it has failed, and keeps the reason to itself', async (t) => {
  const { mock } = t.mock.method(console, 'error', () => {})
  const { job, endRow } = startJob(2)
  const page = await watch(job)
  await endRow(new Error('password of the database is wrong'))

  assert.deepEqual(seenBy(page), ['progress: 0', 'end: failed at 0'])
  assert.doesNotMatch(page.text(), /password/)
  assert.match(`${mock.calls[0]?.arguments[0]}`, /password/)
})
