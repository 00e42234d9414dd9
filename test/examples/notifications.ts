// Notifications: each user sees their own, and misses none, whatever restarts.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Scenario } from './scenario.js'
import { receivedBy, type Stage, textOf, waitForState } from './stage.js'

/** A page that has lost its server comes back after up to five seconds. */
const PATIENCE = { timeout: 15_000 }

async function logIn(page: Page, user = 'grace'): Promise<void> {
  await page.click(`[data-user="${user}"]`)
  await expect.poll(() => receivedBy(page, 'inbox')).toHaveLength(1)
}

async function send(page: Page, to: string, text: string): Promise<void> {
  await page.selectOption('#to', to)
  await page.fill('#text', text)
  await page.press('#text', 'Enter')
  await expect.poll(() => page.inputValue('#text')).toBe('')
}

/** The unread notifications, the oldest first. */
const inboxOf = async (page: Page) => (await page.locator('#inbox p').allTextContents()).reverse()

async function markAllAsRead(page: Page): Promise<void> {
  for (let left = (await inboxOf(page)).length; left > 0; left--) {
    await page.locator('#inbox button').first().click()
    await expect.poll(async () => (await inboxOf(page)).length).toBe(left - 1)
  }
}

/** Brings in Grace by the relay, with an empty inbox, and Ada by a wire that is not cut. */
async function bringIn(stage: Stage): Promise<{ grace: Page; ada: Page }> {
  const grace = await stage.visit()
  await logIn(grace)
  await markAllAsRead(grace)
  const ada = await stage.visit({}, stage.server.url)
  await logIn(ada, 'ada')
  return { grace, ada }
}

function tests(stage: Stage): void {
  test('sends each user their own, and nobody the rest', async () => {
    const { grace, ada } = await bringIn(stage)

    await send(ada, 'grace', 'for <b>Grace</b>')
    await send(ada, 'ada', 'for Ada')
    await send(grace, 'grace', 'a note to myself')
    await expect.poll(() => inboxOf(grace)).toEqual(['for <b>Grace</b>', 'a note to myself'])
    await expect.poll(() => inboxOf(ada)).toEqual(['for Ada'])

    for (const [page, user] of [
      [grace, 'grace'],
      [ada, 'ada'],
    ] as const) {
      const received = await receivedBy(page, 'notification', 'inbox')
      expect(received.flatMap(({ data }) => data).filter(({ to }) => to !== user)).toEqual([])
    }
    expect(await textOf(grace, '#unread')).toBe('2')
    expect(await grace.title()).toBe('(2) Notifications')
    await markAllAsRead(ada)
  })

  test('misses none when the connection was cut', async () => {
    const { grace, ada } = await bringIn(stage)
    await send(ada, 'grace', 'one')
    await expect.poll(() => inboxOf(grace)).toEqual(['one'])

    stage.relay.cut()
    await waitForState(grace, 'connecting')
    for (const text of ['two', 'three']) await send(ada, 'grace', text)
    stage.relay.mend()
    await expect.poll(() => inboxOf(grace), PATIENCE).toEqual(['one', 'two', 'three'])

    const texts = (await receivedBy(grace, 'notification')).map(({ data }) => data.text)
    expect(texts).toEqual(['one', 'two', 'three'])
    expect(await receivedBy(grace, 'inbox')).toHaveLength(1)
  })

  test('misses none when the server was started anew meanwhile, and stays logged in', async () => {
    const { grace, ada } = await bringIn(stage)
    await send(ada, 'grace', 'before')
    await expect.poll(() => inboxOf(grace)).toEqual(['before'])

    stage.relay.cut()
    await waitForState(grace, 'connecting')
    await send(ada, 'grace', 'while she was away')
    expect(await stage.restart()).toBe(0)
    stage.relay.mend(stage.server.url)

    await expect.poll(() => inboxOf(grace), PATIENCE).toEqual(['before', 'while she was away'])
    await waitForState(grace, 'open')
    await send(grace, 'grace', 'after')
    await expect.poll(() => inboxOf(grace)).toEqual(['before', 'while she was away', 'after'])
  })

  test('keeps what could not be sent, and says so', async () => {
    const { grace } = await bringIn(stage)
    stage.relay.cut()
    await waitForState(grace, 'connecting')
    await grace.selectOption('#to', 'grace')
    await grace.fill('#text', 'not lost')
    await grace.press('#text', 'Enter')
    await grace.getByRole('alert').filter({ hasText: 'has not taken that' }).waitFor()
    expect(await grace.inputValue('#text')).toBe('not lost')

    stage.relay.mend()
    await grace.press('#text', 'Enter')

    await expect.poll(() => inboxOf(grace), PATIENCE).toEqual(['not lost'])
    expect(await grace.locator('#problem').isVisible()).toBe(false)
  })

  test('takes what was read off all windows of the user', async () => {
    const { grace, ada } = await bringIn(stage)
    const second = await stage.openTab(grace.context())
    await send(ada, 'grace', 'read me')
    for (const page of [grace, second]) await expect.poll(() => inboxOf(page)).toEqual(['read me'])

    await second.click('#inbox button')

    for (const page of [grace, second]) await expect.poll(() => inboxOf(page)).toEqual([])
  })

  test('shows the login again when the user has logged out', async () => {
    const { grace } = await bringIn(stage)
    await grace.click('#logout')

    await grace.locator('#login').waitFor()
    expect(await grace.locator('#home').isVisible()).toBe(false)
  })

  test.each([undefined, 'user=grace', 'user=grace; user.sig=forged'])(
    'sends nothing to a request with the cookie %s',
    async (cookie) => {
      const headers = cookie === undefined ? {} : { cookie }
      const response = await fetch(`${stage.server.url}/notifications`, { headers })
      await response.text()

      expect(response.status).toBe(401)
    },
  )
}

export const notifications: Scenario = {
  greeting: 'Notifications',
  begin: logIn,
  async pose(page, stage) {
    await markAllAsRead(page)
    const ada = await stage.visit({}, stage.server.url)
    await logIn(ada, 'ada')
    for (const text of [
      'The report is ready',
      'Build 417 has passed',
      'Lunch at half past twelve?',
    ]) {
      await send(ada, 'grace', text)
    }
    await expect.poll(() => textOf(page, '#unread')).toBe('3')
  },
  tests,
}
