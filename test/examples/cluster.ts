// The cluster: a page stays whole whichever node serves it, and whichever is stopped.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { start } from './packed-example.js'
import type { Scenario } from './scenario.js'
import { receivedBy, type Stage, textOf, waitForState } from './stage.js'

/** A node that was stopped is started again after five seconds. */
const PATIENCE = { timeout: 15_000 }

const count = async (page: Page, id: string) => Number(await textOf(page, `#${id}`))

const nodeOf = async (page: Page) =>
  (await page.locator('#nodes .serving').getAttribute('data-node', PATIENCE)) ?? ''

const beatsOf = (page: Page) => receivedBy(page, 'beat')

const runsOf = async (page: Page, node: string) =>
  new Set(
    (await beatsOf(page)).filter(({ data }) => data.node === node).map(({ data }) => data.run),
  )

/** Stops the node that serves the page, waits until the other one does, and gives the stopped one's name. */
async function stopNode(page: Page): Promise<string> {
  const stopped = await nodeOf(page)
  await page.getByRole('button', { name: /^Stop the node/ }).click()
  await expect.poll(() => nodeOf(page), PATIENCE).not.toBe(stopped)
  return stopped
}

/** Waits until as many more beats of a node have come. */
async function waitForBeats(page: Page, more: number, node?: string): Promise<void> {
  const number = async () =>
    (await beatsOf(page)).filter(({ data }) => node === undefined || data.node === node).length
  const before = await number()
  await expect.poll(number, PATIENCE).toBeGreaterThanOrEqual(before + more)
}

async function expectNoLoss(page: Page): Promise<void> {
  expect({
    missed: await count(page, 'missed'),
    twice: await count(page, 'twice'),
    gaps: await count(page, 'gaps'),
  }).toEqual({ missed: 0, twice: 0, gaps: 0 })
}

async function begin(page: Page): Promise<void> {
  await waitForState(page, 'open')
  await nodeOf(page)
  for (const node of ['one', 'two']) await waitForBeats(page, 1, node)
}

function tests(stage: Stage): void {
  test('goes on without a loss when its node is stopped, and again when the other one is', async () => {
    const page = await stage.visit()
    await begin(page)
    const first = await stopNode(page)
    await waitForBeats(page, 2)
    // It is started again, as a run of its own.
    await expect.poll(async () => (await runsOf(page, first)).size, PATIENCE).toBe(2)
    const second = await stopNode(page)
    await waitForBeats(page, 3, first)

    expect(second).not.toBe(first)
    await expectNoLoss(page)
    expect(await count(page, 'beats')).toBe((await beatsOf(page)).length)
    expect(await count(page, 'connections')).toBeGreaterThanOrEqual(3)
  }, 60_000)

  test('starts at the address that it is told', async () => {
    const elsewhere = await start(stage.folder, { HOST: '127.0.0.2' })
    const { status } = await fetch(elsewhere.url)

    expect(elsewhere.url).toContain('//127.0.0.2:')
    expect([status, await elsewhere.stop()]).toEqual([200, 0])
  })

  test('gets what another page got while its connection was cut', async () => {
    const page = await stage.visit()
    const other = await stage.visit({}, stage.server.url)
    await begin(page)
    await begin(other)

    stage.relay.cut()
    await waitForState(page, 'connecting')
    const { length } = await beatsOf(page)
    await waitForBeats(other, 6)
    stage.relay.mend()
    await waitForState(page, 'open')
    await expect
      .poll(async () => (await beatsOf(page)).length, PATIENCE)
      .toBeGreaterThan(length + 6)
    const ids = (await beatsOf(page)).map(({ id }) => id)
    await expect.poll(async () => (await beatsOf(other)).at(-1)?.id).not.toBe(ids.at(-1))

    const otherIds = (await beatsOf(other)).map(({ id }) => id)
    const [first = ''] = otherIds
    const shared = ids.slice(Math.max(0, ids.indexOf(first)))
    const start = otherIds.indexOf(shared[0] ?? '')
    expect(shared.length).toBeGreaterThan(6)
    expect(otherIds.slice(start, start + shared.length)).toEqual(shared)
    await expectNoLoss(page)
  })
}

export const cluster: Scenario = {
  greeting: 'Cluster',
  says: /^Node (one|two) has ended, and starts again in 5 seconds$/,
  program: 'start.js',
  needs: ['redis-server', 'nginx'],
  begin,
  async pose(page) {
    await waitForBeats(page, 12)
    await stopNode(page)
    await waitForBeats(page, 4)
  },
  tests,
}
