// Tokens: for a page and for the official client, and none for those who have left.

import OpenAI from 'openai'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Scenario } from './scenario.js'
import { type Stage, textOf, waitForState } from './stage.js'

const PATIENCE = { timeout: 15_000 }
const ALL_TOKENS = 100
const messages = [{ role: 'user' as const, content: 'How do tokens reach a page?' }]

const clientOf = (stage: Stage) =>
  new OpenAI({ baseURL: `${stage.server.url}/v1`, apiKey: 'none', maxRetries: 0 })

const count = async (page: Page, id: string) => Number(await textOf(page, `#${id}`))

const waitForAnswer = (page: Page, state: string) =>
  page.locator(`#answer[data-state="${state}"]`).waitFor()

async function begin(page: Page): Promise<void> {
  await waitForState(page, 'open')
  await expect.poll(() => count(page, 'running')).toBe(0)
}

async function ask(page: Page, tokens: number): Promise<void> {
  await page.click('#send')
  await expect.poll(() => count(page, 'read'), PATIENCE).toBeGreaterThanOrEqual(tokens)
}

function tests(stage: Stage): void {
  test('shows the page what the official client reads', async () => {
    const page = await stage.visit()
    await begin(page)
    const made = await count(page, 'made')
    await page.click('#send')
    const reasons = []
    let text = ''
    let tokens = 0
    const stream = await clientOf(stage).chat.completions.create({
      model: 'any',
      messages,
      stream: true,
    })
    for await (const { choices, object } of stream) {
      expect(object).toBe('chat.completion.chunk')
      const token = choices[0]?.delta.content
      if (token) tokens++
      text += token ?? ''
      reasons.push(choices[0]?.finish_reason)
    }
    await waitForAnswer(page, 'done')

    expect(tokens).toBeGreaterThan(ALL_TOKENS)
    expect(reasons.filter((reason) => reason !== null)).toEqual(['stop'])
    expect(await page.locator('#answer').textContent()).toBe(text)
    expect(await count(page, 'read')).toBe(tokens)
    await expect.poll(() => count(page, 'made')).toBe(made + 2 * tokens)
  }, 40_000)

  test('stops making tokens when the reader presses Stop', async () => {
    const page = await stage.visit()
    await begin(page)
    const made = await count(page, 'made')
    await ask(page, 5)
    expect(await count(page, 'running')).toBe(1)

    await page.click('#stop')
    await waitForAnswer(page, 'stopped')
    await expect.poll(() => count(page, 'running')).toBe(0)

    expect((await count(page, 'made')) - made).toBeLessThan(ALL_TOKENS)
    expect(await count(page, 'made')).toBeGreaterThanOrEqual(made + (await count(page, 'read')))
  })

  test('stops making tokens when the page is closed, or the official client leaves', async () => {
    const watching = await stage.visit()
    await begin(watching)
    const made = await count(watching, 'made')
    const page = await stage.visit()
    await begin(page)
    await ask(page, 3)
    await page.close()
    const stream = await clientOf(stage).chat.completions.create({
      model: 'any',
      messages,
      stream: true,
    })
    for await (const { choices } of stream) if (choices[0]?.delta.content) break

    await expect.poll(() => count(watching, 'running')).toBe(0)

    expect((await count(watching, 'made')) - made).toBeLessThan(ALL_TOKENS)
  })

  test('stops at a cut, says so, and counts on when the connection is back', async () => {
    const page = await stage.visit()
    const other = await stage.visit({}, stage.server.url)
    await begin(page)
    await ask(page, 5)

    stage.relay.cut()
    await waitForAnswer(page, 'lost')
    await waitForState(page, 'connecting')
    await expect.poll(() => count(other, 'running')).toBe(0)
    const stream = await clientOf(stage).chat.completions.create({
      model: 'any',
      messages,
      stream: true,
    })
    for await (const { choices } of stream) if (choices[0]?.delta.content) break
    stage.relay.mend()
    await waitForState(page, 'open')

    await expect.poll(() => count(other, 'running')).toBe(0)
    await expect.poll(() => count(page, 'made')).toBe(await count(other, 'made'))
    expect(await page.locator('#send').isEnabled()).toBe(true)
  })

  test('tells the official client what it asks for', async () => {
    const asked = clientOf(stage).chat.completions.create({ model: 'any', messages })

    await expect(asked).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: '400 Expected `messages`, and `stream` to be true',
    })
  })
}

export const llmTokens: Scenario = {
  greeting: 'LLM tokens',
  begin,
  async pose(page) {
    await ask(page, 75)
    await page.click('#stop')
    await waitForAnswer(page, 'stopped')
  },
  tests,
}
