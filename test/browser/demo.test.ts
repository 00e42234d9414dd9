// The demo, as a visitor sees it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { describeInChromium } from './chromium.js'
import { DEMO, type Demo, postNote, startDemo } from './demo-server.js'

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
    problems = []
    page = await openTab(await browser().newContext(options), url)
  }

  async function openTab(context: BrowserContext, url = demo.url): Promise<Page> {
    const tab = await context.newPage()
    tab.setDefaultTimeout(15_000)
    tab.on('pageerror', (error) => problems.push(error.message))
    tab.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    tab.on('request', (request) => {
      if (!request.url().startsWith(url)) problems.push(`asked for ${request.url()}`)
    })
    await tab.addInitScript(recordEvents)
    await tab.goto(url)
    await waitForState('open', tab)
    return tab
  }

  const waitForState = (state: string, tab = page) =>
    tab.locator(`#state[data-state="${state}"]`).waitFor()

  const waitForOutcome = (resume: string) =>
    page.locator(`#outcome[data-resume="${resume}"]:not(:empty)`).waitFor()

  /** Publishes a note as a visitor does, and waits until `shownIn` shows it. */
  async function publish(tab: Page, note: string, shownIn = tab): Promise<void> {
    await tab.fill('#note-text', note)
    await tab.press('#note-text', 'Enter')
    await shownIn.locator('#notes p').getByText(note, { exact: true }).waitFor()
  }

  const notes = () => page.locator('#notes p').allTextContents()

  /** What the page's event sources have received from the feed so far. */
  const received = () =>
    page.evaluate(() => (window as unknown as { received: FeedEvent[] }).received)

  /** The problems but for those of lost connections, each of which the browser reports. */
  const otherProblems = () => problems.filter((problem) => !problem.includes('net::ERR_'))

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
      await expect.poll(() => drawnPixels(series), { timeout: 15_000 }).toBeGreaterThan(10)
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
    await expect.poll(() => drawnPixels('heapMb'), { timeout: 15_000 }).toBeGreaterThan(10)

    await page.emulateMedia({ colorScheme: 'dark' })

    await expect.poll(() => drawnPixels('heapMb'), { timeout: 15_000 }).toBeGreaterThan(10)
    expect(problems).toEqual([])
  })

  test('shows heartbeats, which come only while the log is silent', async () => {
    await openPage()

    await expect.poll(() => count('heartbeats'), { timeout: 15_000 }).toBeGreaterThan(0)

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
    expect(await text('outcome')).toMatch(/^Resumed: got back [1-9]\d* events?$/)
    expect(await text('message')).toMatch(/^After [\d.]+ s: /)
    expect(otherProblems()).toEqual([])
  })

  test('shows a note in all tabs at once, as text', async () => {
    await openPage()
    const other = await openTab(page.context())
    const note = '<b>bold</b> & "quoted"'

    await publish(page, note, other)
    await page.locator('#notes p').getByText(note, { exact: true }).waitFor()

    expect(await notes()).toEqual([note])
    expect(await page.locator('#notes li').getAttribute('data-replayed')).toBe('false')
    expect(await page.locator('#notes code').textContent()).toMatch(/^[0-9a-z]+-\d+$/)
    expect(await page.inputValue('#note-text')).toBe('')
    expect(problems).toEqual([])
  })

  test('stays away until asked, then gets back exactly what other tabs published', async () => {
    await openPage()
    const other = await openTab(page.context())
    await publish(other, 'before', page)

    await page.click('#away')
    await waitForState('away')
    const before = await received()
    for (const note of ['one', 'two', 'three']) await publish(other, note)
    expect(await notes()).toEqual(['before'])
    expect(await received()).toEqual(before)

    await page.click('#away')
    await waitForOutcome('resumed')
    await publish(other, 'after', page)

    const after = (await received()).slice(before.length)
    const hello = after.findIndex(({ name }) => name === 'hello')
    const replayed = after.slice(0, hello)
    const lastBefore = placeOf(before.at(-1))
    expect(await text('outcome')).toBe(`Resumed: got back ${replayed.length} events`)
    expect(replayed.map(placeOf)).toEqual(replayed.map((_, index) => lastBefore + 1 + index))
    expect(placeOf(after[hello + 1])).toBe(lastBefore + 1 + replayed.length)
    expect(replayed.filter(({ name }) => name === 'note')).toHaveLength(3)
    expect(await notes()).toEqual(['after', 'three', 'two', 'one', 'before'])
    expect(await page.locator('[data-replayed="true"] p').allTextContents()).toEqual([
      'three',
      'two',
      'one',
    ])
    expect(await text('missing')).toBe('0 missing')
    expect(problems).toEqual([])
  })

  test('shows a gap when more was published than the server keeps', async () => {
    await openPage()
    await publish(page, 'before')
    await page.click('#away')
    await waitForState('away')
    for (let number = 1; number <= 121; number++) {
      expect((await postNote(demo, JSON.stringify({ text: `missed ${number}` }))).status).toBe(200)
    }

    await page.click('#away')
    await waitForOutcome('gap')
    await publish(page, 'after')

    expect(await text('outcome')).toBe('Gap: some events are gone')
    expect(await notes()).toEqual(['after', 'before'])
    const { first, last, samples } = await places()
    expect(samples).toBe(last - first + 1)
    expect(problems).toEqual([])
  })

  test('shows a gap when the server was started anew while it was away', async () => {
    const first = await startDemo()
    await openPage({}, first.url)
    await publish(page, 'before')
    await page.click('#away')
    await waitForState('away')
    const before = await received()
    await first.stop()
    const second = await startDemo(new URL(first.url).port)
    try {
      await page.click('#away')
      await waitForOutcome('gap')
      await publish(page, 'after')

      expect(await text('outcome')).toBe('Gap: some events are gone')
      const [gap] = (await received()).slice(before.length)
      expect(gap).toMatchObject({ name: 'gap', data: { lastEventId: before.at(-1)?.id } })
      expect(await notes()).toEqual(['after', 'before'])
      await page.waitForFunction(() => document.getElementById('charts')?.dataset.first === '1')
      expect(otherProblems()).toEqual([])
    } finally {
      await second.stop()
    }
  }, 60_000)

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
      await waitForOutcome('gap')
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
})

interface FeedEvent {
  name: string
  id: string
  data: unknown
}

/** The place in the channel's sequence that is in an event's id. */
const placeOf = (event: FeedEvent | undefined) => Number(event?.id.split('-')[1])

/** Runs in the page, before its own scripts: keeps what its event sources receive from the feed. */
function recordEvents(): void {
  const received: FeedEvent[] = []
  Object.assign(window, { received })
  window.EventSource = class extends EventSource {
    constructor(url: string | URL, options?: EventSourceInit) {
      super(url, options)
      for (const name of ['gap', 'sample', 'note', 'hello']) {
        this.addEventListener(name, ({ lastEventId, data }) => {
          received.push({ name, id: lastEventId, data: JSON.parse(data) })
        })
      }
    }
  }
}
