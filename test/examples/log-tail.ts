// The log: each line of a file once, and only those of the chosen levels.

import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newFolder, remove } from './packed-example.js'
import type { Scenario } from './scenario.js'
import { receivedBy, type Stage, waitForState } from './stage.js'

/** A page that has lost its server comes back after up to five seconds. */
const PATIENCE = { timeout: 15_000 }

const linesOf = (page: Page) => page.locator('#log li').allTextContents()

const choose = (page: Page, level: string, isChosen: boolean) =>
  page.locator(`input[value="${level}"]`).setChecked(isChosen)

async function begin(page: Page): Promise<void> {
  await waitForState(page, 'open')
  await page.locator('#log li').nth(20).waitFor()
}

function tests(stage: Stage): void {
  test('shows the lines that it writes itself', async () => {
    const page = await stage.visit()
    await begin(page)
    const { length } = await linesOf(page)

    await expect.poll(async () => (await linesOf(page)).length).toBeGreaterThan(length)
  })

  test('stays at the newest line when lines come and the window changes, but not for a reader above', async () => {
    const page = await stage.visit()
    await begin(page)
    const log = page.locator('#log')
    const belowEnd = () =>
      log.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight))
    const waitForMore = async () => {
      const { length } = await linesOf(page)
      await log.locator('li').nth(length).waitFor()
    }

    await page.setViewportSize({ width: 390, height: 700 })
    await waitForMore()
    await expect.poll(belowEnd).toBeLessThan(2)
    await log.evaluate((box) => {
      box.scrollTop = 0
    })
    await waitForMore()
    expect(await log.evaluate((box) => box.scrollTop)).toBe(0)
  })

  describe('with a file that is given', () => {
    let folder: string
    let file: string
    let count = 0

    const write = async (...levels: string[]) => {
      await appendFile(file, levels.map((level) => `${level} line ${++count}: <b>π</b>\n`).join(''))
    }

    /** The lines of the file, those of all levels or of one. */
    const written = async (level = '') =>
      (await readFile(file, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith(level))

    beforeAll(async () => {
      folder = await newFolder()
      file = join(folder, 'some.log')
      await write('INFO', 'WARN', 'ERROR')
      await stage.restart({ LOG_FILE: file })
      stage.relay.mend(stage.server.url)
    })
    afterAll(async () => {
      await stage.restart()
      stage.relay.mend(stage.server.url)
      await remove(folder)
    })

    test('shows what is in it, and each line that is appended, as text', async () => {
      const page = await stage.visit()
      await expect.poll(() => linesOf(page)).toEqual(await written())

      await write('INFO', 'ERROR')

      await expect.poll(() => linesOf(page)).toEqual(await written())
    })

    test('misses no line when the connection was cut', async () => {
      const page = await stage.visit()
      const other = await stage.visit({}, stage.server.url)
      await write('INFO')
      await expect.poll(() => linesOf(page)).toEqual(await written())

      stage.relay.cut()
      await waitForState(page, 'connecting')
      await write('INFO', 'WARN', 'ERROR', 'INFO')
      await expect.poll(() => linesOf(other)).toEqual(await written())
      expect(await linesOf(page)).not.toEqual(await written())
      stage.relay.mend()

      await expect.poll(() => linesOf(page), PATIENCE).toEqual(await written())
      expect(await receivedBy(page, 'lines')).toHaveLength(1)
    })

    test('sends only the chosen levels, after a cut as well', async () => {
      const page = await stage.visit()
      await waitForState(page, 'open')
      await choose(page, 'info', false)
      await choose(page, 'warn', false)
      await expect.poll(() => linesOf(page)).toEqual(await written('ERROR'))
      expect(await page.locator('input[value="error"]').isDisabled()).toBe(true)
      const before = (await receivedBy(page)).length

      await write('INFO', 'ERROR')
      await expect.poll(() => linesOf(page)).toEqual(await written('ERROR'))
      stage.relay.cut()
      await waitForState(page, 'connecting')
      await write('WARN', 'ERROR', 'INFO')
      stage.relay.mend()
      await expect.poll(() => linesOf(page), PATIENCE).toEqual(await written('ERROR'))

      const received = (await receivedBy(page)).slice(before)
      expect(received.map(({ data }) => data.level)).toEqual(['error', 'error'])
    })

    test('shows the file once more when the server was started anew', async () => {
      const page = await stage.visit()
      await expect.poll(() => linesOf(page)).toEqual(await written())

      await stage.restart({ LOG_FILE: file })
      await write('WARN')
      stage.relay.mend(stage.server.url)

      await expect.poll(() => linesOf(page), PATIENCE).toEqual(await written())
    })
  })

  test('refuses a level that there is not', async () => {
    const response = await fetch(`${stage.server.url}/lines?level=debug`)
    await response.text()

    expect(response.status).toBe(400)
  })
}

export const logTail: Scenario = {
  greeting: 'Log tail',
  begin,
  async pose(page) {
    await page.locator('#log li').nth(30).waitFor()
  },
  tests,
}
