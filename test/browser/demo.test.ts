// The demo, as a visitor sees it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { describeInChromium } from './chromium.js'

const DEMO = fileURLToPath(new URL('../../examples/demo/', import.meta.url))

describeInChromium('the demo', (browser) => {
  let demo: Demo
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    demo = await startDemo()
  })
  afterEach(async () => {
    await page?.context().close()
  })
  afterAll(async () => {
    await demo?.stop()
  })

  /** Opens the page; what goes wrong there is kept in `problems`. */
  async function openPage(options: BrowserContextOptions = {}, url = demo.url): Promise<void> {
    const context = await browser().newContext(options)
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
    problems = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) problems.push(`asked for ${request.url()}`)
    })
    await page.goto(url)
    await waitForState('open')
  }

  const waitForState = (state: string) => page.locator(`#state[data-state="${state}"]`).waitFor()

  const waitForSamples = (count: number) =>
    page.waitForFunction(
      (wanted) => Number(document.getElementById('charts')?.dataset.samples) >= wanted,
      count,
    )

  const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? ''
  const count = async (id: string) => Number((await text(id)).replaceAll(',', ''))
  const logLine = (pattern: RegExp) => page.locator('#log li').filter({ hasText: pattern }).last()

  /** The ids that the charts hold, by their numbers. */
  async function places() {
    const { first, last, samples } = await page
      .locator('#charts')
      .evaluate((charts: HTMLElement) => ({ ...charts.dataset }))
    return { first: Number(first), last: Number(last), samples: Number(samples) }
  }

  /** How many pixels of a chart have the color of its line. */
  const drawnPixels = (series: string) =>
    page.locator(`[data-series="${series}"]`).evaluate((chart, name) => {
      const canvas = chart.querySelector('canvas') as HTMLCanvasElement
      const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(
        0,
        0,
        canvas.width,
        canvas.height,
      )
      const style = getComputedStyle(document.documentElement)
      const hex = style.getPropertyValue(`--chart-${name.toLowerCase()}`).trim().slice(1)
      const color = Number.parseInt(hex, 16)
      let pixels = 0
      for (let at = 0; at < data.length; at += 4) {
        const [red = 0, green = 0, blue = 0, alpha] = data.subarray(at, at + 4)
        if (alpha === 255 && (red << 16) + (green << 8) + blue === color) pixels++
      }
      return pixels
    }, series)

  test('draws a feed that moves, from its own server alone', async () => {
    await openPage()
    await waitForSamples(2)
    const id = await text('last-event-id')
    await page.waitForFunction(
      (before) => document.getElementById('last-event-id')?.textContent !== before,
      id,
    )

    expect(await text('last-event-id')).toMatch(/^[0-9a-z]+-\d+$/)
    for (const series of ['cpuPercent', 'loopDelayMs', 'heapMb']) {
      await expect.poll(() => drawnPixels(series), { timeout: 5_000 }).toBeGreaterThan(10)
      expect(await page.locator(`[data-series="${series}"] output`).textContent()).toMatch(
        /^[\d.]+$/,
      )
    }
    expect(await count('events')).toBeGreaterThanOrEqual(3)
    expect(await count('server-open')).toBeGreaterThanOrEqual(2)
    expect(problems).toEqual([])
  })

  test('draws in the colors of the scheme, and again when that changes', async () => {
    await openPage({ colorScheme: 'light' })
    await waitForSamples(3)
    await expect.poll(() => drawnPixels('heapMb'), { timeout: 5_000 }).toBeGreaterThan(10)

    await page.emulateMedia({ colorScheme: 'dark' })

    await expect.poll(() => drawnPixels('heapMb'), { timeout: 5_000 }).toBeGreaterThan(10)
    expect(problems).toEqual([])
  })

  test('shows heartbeats, which come only while the log is silent', async () => {
    await openPage()

    await expect.poll(() => count('heartbeats'), { timeout: 8_000 }).toBeGreaterThan(0)

    expect(await text('heartbeat-age')).toMatch(/^\d+ s ago$/)
    expect(problems).toEqual([])
  })

  test('recovers from a cut by itself, with no sample missing', async () => {
    await openPage()
    await waitForSamples(2)
    const before = await places()
    expect(problems).toEqual([])

    await page.click('#cut')
    await waitForState('connecting')
    await waitForState('open')
    await expect.poll(async () => (await places()).last).toBeGreaterThan(before.last + 2)

    const after = await places()
    expect(after.first).toBe(before.first)
    expect(after.samples).toBe(after.last - after.first + 1)
    expect(await text('missing')).toBe('0 missing')
    expect(await count('resumed')).toBeGreaterThan(0)
    expect(await count('reconnects')).toBe(1)
    expect(await text('message')).toMatch(/^Back after [\d.]+ s\. .* [1-9]\d* samples?\.$/)
    // The browser reports each connection that it loses.
    expect(problems.filter((problem) => !problem.includes('net::ERR_'))).toEqual([])
  })

  test('goes on with the log after a cut, with each line once', async () => {
    await openPage()
    await logLine(/GET \/feed\S+ 200 open$/).waitFor()

    await page.click('#cut')
    await page.locator('#log-state[data-state="connecting"]').waitFor()
    await page.locator('#log-state[data-state="open"]').waitFor()
    await logLine(/GET \/log\S+ closed after/).waitFor()

    const lines = await page.locator('#log li').allTextContents()
    const file = await demo.readLog()
    const start = file.indexOf(lines[0] ?? '')
    expect(file.slice(start, start + lines.length)).toEqual(lines)
    expect(lines.filter((line) => line.includes('POST /cut')).length).toBeGreaterThan(0)
  })

  test('shows how far the hash is, and stops it at the server on cancel', async () => {
    await openPage()
    const value = () =>
      page.locator('#job-bar').evaluate((bar) => (bar as HTMLProgressElement).value)

    await page.click('#hash')
    await expect.poll(value, { timeout: 15_000 }).toBeGreaterThan(0)
    const seen = await value()
    await expect.poll(value, { timeout: 15_000 }).toBeGreaterThan(seen)
    await page.click('#cancel')

    await logLine(/ hash stopped after \d+ of \d+ files(, round \d)?: client$/).waitFor()
    await logLine(/GET \/hash\S+ closed after [\d.]+ s: client$/).waitFor()
    expect(await page.locator('#job').getAttribute('data-state')).toBe('cancelled')
    expect(await page.locator('#hash').isEnabled()).toBe(true)
    expect(problems).toEqual([])
  })

  test('shows the digest when the hash is done, and does not start it again', async () => {
    await openPage()

    await page.click('#hash')
    await page.locator('#job[data-state="done"]').waitFor({ timeout: 120_000 })
    await logLine(/GET \/hash\S+ closed after [\d.]+ s: (ended|client)$/).waitFor()

    expect(await text('job-percent')).toBe('100 %')
    expect(await text('job-round')).toBe('all 3 rounds agree')
    expect(await text('job-detail')).toMatch(/^[0-9a-f]{64}$/)
    expect(problems).toEqual([])
  }, 150_000)

  test('shows the page its own requests in the log', async () => {
    await openPage()

    await logLine(/GET \/main\.js 200 \d+ ms$/).waitFor()
    await logLine(/GET \/feed\?page=[0-9a-f]{8} 200 open$/).waitFor()
    await logLine(/GET \/log\?page=[0-9a-f]{8} 200 open$/).waitFor()
  })

  test('shows the code that the server runs', async () => {
    await openPage()
    const source = await readFile(join(DEMO, 'hash.js'), 'utf8')

    await page.locator('summary', { hasText: 'work that ends' }).click()
    await page.locator('pre[data-file="hash.js"] .keyword').first().waitFor()

    const shown = await page.locator('pre[data-file="hash.js"]').textContent()
    const code = shown?.replace('examples/demo/hash.js', '') ?? ''
    expect(code).toMatch(/^export function openHash\(/)
    expect(source).toContain(code)
  })

  test.each([390, 768, 1440])('fits a window of %i pixels', async (width) => {
    await openPage({ viewport: { width, height: 844 } })
    await waitForSamples(1)
    for (const summary of await page.locator('summary').all()) await summary.click()
    await page.locator('pre .keyword').last().waitFor()

    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
  })

  test('follows a server that has been started anew', async () => {
    const first = await startDemo()
    await openPage({}, first.url)
    await waitForSamples(2)
    await first.stop()
    await waitForState('connecting')
    const second = await startDemo(new URL(first.url).port)
    try {
      await waitForState('open')
      await page.locator('#message', { hasText: 'does not know the last event id' }).waitFor()
      await page.waitForFunction(() => document.getElementById('charts')?.dataset.first === '1')
    } finally {
      await second.stop()
    }
  }, 60_000)

  test('ends by itself on SIGTERM while streams are open, and leaves no file behind', async () => {
    const other = await startDemo()
    await openPage({}, other.url)
    await logLine(/GET \/feed\S+ 200 open$/).waitFor()

    const { code, output, files } = await other.stop()

    expect(code).toBe(0)
    expect(output).toMatch(/^eventwire demo: http:\/\/127\.0\.0\.1:\d+ {2}\(Ctrl\+C to stop\)\n$/)
    expect(files).toEqual([])
  })

  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/server/server.js', 404],
    ['GET', '/../package.json', 404],
    ['GET', '//', 404],
    ['POST', '/', 405],
    ['POST', '/feed?page=0123abcd', 405],
    ['GET', '/cut?page=0123abcd', 405],
    ['GET', '/feed', 400],
    ['GET', '/log?page=not-a-page', 400],
    ['POST', '/cut?page=0123ABCD', 400],
  ])('answers %s %s with %i', async (method, path, status) => {
    const response = await fetch(`${demo.url}${path}`, { method })
    await response.text()

    expect(response.status).toBe(status)
    expect(response.headers.has('allow')).toBe(status === 405)
  })
})

interface Demo {
  readonly url: string
  /** Gives the lines of the access log. */
  readLog(): Promise<string[]>
  /** Asks the process to end, and waits for it. `files`: what it has left of its temporary ones. */
  stop(): Promise<{ code: number | null; output: string; files: string[] }>
}

async function startDemo(port = '0'): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-test-'))
  const child = spawn(process.execPath, [join(DEMO, 'server.js')], {
    env: { ...process.env, PORT: port, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const hasExited = once(child, 'exit')
  const url = await Promise.race([urlOf(child), hasExited.then(() => undefined)])
  if (url === undefined) throw new Error('The demo ended before it listened')
  return {
    url,
    async readLog() {
      const [name = ''] = await readdir(folder)
      return (await readFile(join(folder, name, 'access.log'), 'utf8')).split('\n')
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = await hasExited
      const files = await readdir(folder)
      await rm(folder, { recursive: true })
      return { code, output, files }
    },
  }
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return /http:\/\/[\d.:]+/.exec(text)?.[0] as string
}
