// The progress of a job: it goes on over a cut, and ends when nobody watches.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { runTests } from './packed-example.js'
import type { Scenario } from './scenario.js'
import { receivedBy, type Stage, textOf, waitForState } from './stage.js'

const PATIENCE = { timeout: 15_000 }

async function startJob(page: Page, rows: number): Promise<string> {
  await page.fill('#rows', `${rows}`)
  await page.click('#import')
  await waitForState(page, 'open')
  return new URL(page.url()).hash.slice(1)
}

const doneBy = async (page: Page): Promise<number> =>
  (await receivedBy(page, 'progress', 'end')).at(-1)?.data.done ?? 0

const waitForDone = (page: Page, done: number) =>
  expect.poll(() => doneBy(page), PATIENCE).toBeGreaterThanOrEqual(done)

const waitForJob = (page: Page, state: string) =>
  page.locator(`#job[data-state="${state}"]`).waitFor()

/** What the server has said of a job. */
const saidOf = (stage: Stage, id: string) =>
  stage.server.output.split('\n').filter((line) => line.startsWith(`Job ${id}: `))

function tests(stage: Stage): void {
  test('comes with tests that pass in the copy', async () => {
    const printed = await runTests(stage.folder)

    expect(printed).toMatch(/ pass 5\n/)
    expect(printed).toMatch(/ skipped 0\n/)
  })

  test('shows a job to its end, and keeps who has seen it from coming back', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 12)
    await waitForJob(page, 'done')

    expect(await textOf(page, '#percent')).toBe('100 %')
    expect(await textOf(page, '#rows-done')).toBe('12 of 12 rows')
    expect(await page.locator('#import').isEnabled()).toBe(true)
    expect(saidOf(stage, id)).toEqual([`Job ${id}: done at 12 of 12`])
    const [end] = await receivedBy(page, 'end')
    const response = await fetch(`${stage.server.url}/jobs/${id}`, {
      headers: { 'last-event-id': end?.id ?? '' },
    })
    expect(response.status).toBe(204)
  })

  test('misses no step when the connection was cut, and the job goes on meanwhile', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 40)
    const other = await stage.visit({}, `${stage.server.url}/#${id}`)
    await waitForDone(page, 3)

    stage.relay.cut()
    await waitForState(page, 'connecting')
    await waitForDone(other, (await doneBy(page)) + 10)
    stage.relay.mend()
    await waitForJob(page, 'done')

    const steps = (await receivedBy(page, 'progress', 'end')).map(({ data }) => data.done)
    const [first] = steps
    expect(steps).toEqual(Array.from({ length: 41 - first }, (_, index) => first + index))
    expect(first).toBeLessThan(5)
  })

  test('shows the end to a page that was away when it came', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 20)
    stage.relay.cut()
    await waitForState(page, 'connecting')
    await expect.poll(() => saidOf(stage, id), PATIENCE).toEqual([`Job ${id}: done at 20 of 20`])
    stage.relay.mend()

    await waitForJob(page, 'done')

    expect(await textOf(page, '#percent')).toBe('100 %')
  })

  test('stops the work when it is cancelled', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 1_000)
    await waitForDone(page, 2)

    await page.click('#cancel')
    await waitForJob(page, 'stopped')

    const done = await doneBy(page)
    expect(saidOf(stage, id)).toEqual([`Job ${id}: stopped at ${done} of 1000`])
  })

  test('lets the visitor cancel again where the server was not reached', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 1_000)
    stage.relay.cut()
    await waitForState(page, 'connecting')
    await page.click('#cancel')
    await expect.poll(() => page.locator('#cancel').isEnabled()).toBe(true)

    stage.relay.mend()
    await waitForState(page, 'open')
    await page.click('#cancel')
    await waitForJob(page, 'stopped')

    expect(saidOf(stage, id)).toHaveLength(1)
  })

  test('goes on when the page is reloaded, and stops when it is closed', async () => {
    const page = await stage.visit()
    const id = await startJob(page, 1_000)
    await waitForDone(page, 2)
    const before = await doneBy(page)

    await page.reload()
    await waitForDone(page, before + 3)
    expect(saidOf(stage, id)).toEqual([])
    await page.close()

    await expect
      .poll(() => saidOf(stage, id), PATIENCE)
      .toEqual([expect.stringMatching(/stopped at \d+ of 1000$/)])
  }, 40_000)

  test('says so when the server does not know the job', async () => {
    const page = await stage.visit({}, `${stage.server.url}/#unknown`)

    await waitForJob(page, 'lost')
    await waitForState(page, 'closed')

    expect(stage.problems.splice(0)).toEqual([expect.stringContaining('404')])
  })

  test('says so when the server cannot be reached, and starts the job at the next try', async () => {
    const page = await stage.visit()
    stage.relay.cut()
    await page.click('#import')
    await waitForJob(page, 'refused')

    stage.relay.mend()

    expect(await startJob(page, 30)).not.toBe('')
    await waitForJob(page, 'done')
  })

  test.each(['{}', '{"rows":0}', '{"rows":1001}', '{"rows":"12"}', '{"rows":1.5}', '[]'])(
    'refuses to start %s',
    async (body) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${stage.server.url}/jobs`, { method: 'POST', headers, body })

      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ error: 'rows: an integer from 1 to 1000' })
    },
  )
}

export const jobProgress: Scenario = {
  greeting: 'Job progress',
  testsWith: 'node --test',
  says: /^Job [\w-]+: (done|stopped) at \d+ of \d+$/,
  async begin(page) {
    await page.locator('#state[data-state="idle"]').waitFor()
  },
  async pose(page) {
    await startJob(page, 60)
    await waitForDone(page, 37)
  },
  tests,
}
