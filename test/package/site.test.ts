// The site that `npm run docs` builds: its links lead somewhere, and its pages open in a browser.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { newFolder, remove } from '../examples/packed-example.js'

const SITE = 'http://site.test/'
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describeInChromium('the site', (browser) => {
  let folder: string
  let pages: string[]

  beforeAll(async () => {
    folder = await newFolder()
    await promisify(execFile)('npx', ['typedoc', '--out', folder], { cwd: ROOT })
    pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.html'),
    )
  }, 300_000)
  afterAll(() => remove(folder))

  const open = async (path: string) => {
    const page = await browser().newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    // Not by file: URLs, each of which is an origin of its own.
    await page.route(`${SITE}**`, (route) =>
      route.fulfill({ path: join(folder, new URL(route.request().url()).pathname) }),
    )
    await page.goto(SITE + path)
    return { page, problems }
  }

  test('has no link that leads nowhere', () => {
    const html = new Map(pages.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
    const dead = [...html].flatMap(([path, text]) =>
      [...text.matchAll(/(?:href|src)="([^"]+)"/g)]
        .map(([, target]) => target as string)
        .filter((target) => !/^(https?|data|mailto):/.test(target))
        .filter((target) => {
          const { pathname, hash } = new URL(target.replaceAll('&amp;', '&'), `file:///${path}`)
          const file = decodeURIComponent(pathname.slice(1))
          if (!existsSync(join(folder, file))) return true
          const id = decodeURIComponent(hash.slice(1))
          const linked = html.get(file)
          return id !== '' && linked !== undefined && !linked.includes(`id="${id}"`)
        })
        .map((target) => `${path}: ${target}`),
    )
    expect(pages.length).toBeGreaterThan(60)
    expect(dead).toEqual([])
  })

  test('leads from its contents to each guide', async () => {
    const { page, problems } = await open('index.html')
    const guides = page.locator('.tsd-navigation a[href*="guides/"]')
    await guides.first().waitFor({ state: 'attached' })
    const links = await guides.evaluateAll((found) =>
      found.map((link) => [link.textContent, (link as HTMLAnchorElement).href] as const),
    )
    expect(links.map(([title]) => title)).toEqual(expect.arrayContaining(['Getting started']))
    expect(links.length).toBe(pages.filter((path) => path.startsWith('guides')).length)
    for (const [title, address] of links) {
      await page.goto(address)
      expect(await page.locator('h1').allTextContents()).toEqual([title?.replaceAll('\u200b', '')])
    }
    expect(problems).toEqual([])
    await page.close()
  }, 120_000)

  test.each([
    ['getting-started', 'light'],
    ['getting-started', 'dark'],
    ['performance', 'light'],
  ] as const)('fits a phone: %s, %s', async (guide, colorScheme) => {
    const { page, problems } = await open(`guides/${guide}.html`)
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: 390, height: 844 })
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBeLessThanOrEqual(390)
    expect(problems).toEqual([])
    await page.close()
  })

  test('finds a name', async () => {
    const { page } = await open('index.html')
    await page.locator('#tsd-search-trigger').click()
    await page.locator('#tsd-search-input').fill('closeAllStreams')
    const found = page.locator('#tsd-search-results a', { hasText: 'closeAllStreams' }).first()
    await found.click()
    await page.waitForURL(/closeAllStreams\.html/)
    await page.close()
  })
})
