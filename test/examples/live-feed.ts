// The live feed: a chart that misses nothing.

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { readWire, type WireEvent } from '../wire.js'
import { start } from './packed-example.js'
import type { Scenario } from './scenario.js'
import { placeOf, receivedBy, type Stage, textOf, waitForState } from './stage.js'

/** A page that has lost its server comes back after up to five seconds. */
const PATIENCE = { timeout: 15_000 }

const pricesOf = (page: Page) => receivedBy(page, 'price')

/** Waits until as many more prices have come. */
async function waitForPrices(page: Page, more: number): Promise<void> {
  const { length } = await pricesOf(page)
  await expect.poll(async () => (await pricesOf(page)).length).toBeGreaterThanOrEqual(length + more)
}

/** How many pixels of the chart have the color of its line. */
const drawnPixels = (page: Page) =>
  page.locator('#chart canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    const style = getComputedStyle(document.documentElement)
    const color = Number.parseInt(style.getPropertyValue('--accent').trim().slice(1), 16)
    let pixels = 0
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha] = data.subarray(at, at + 4)
      if (alpha === 255 && (red << 16) + (green << 8) + blue === color) pixels++
    }
    return pixels
  })

/**
 * What the server is to load first: prices come as fast as they can be made, until it gets SIGUSR2.
 *
 * At their own pace, hours would pass before the sockets of a client that does not read are full.
 */
const IN_HASTE = `
const { setInterval } = globalThis
globalThis.setInterval = (tick) => {
  const timer = setInterval(() => { for (let ticks = 0; ticks < 100; ticks++) tick() }, 1)
  process.once('SIGUSR2', () => clearInterval(timer))
  return timer
}`

/** More events than the sockets between two processes hold, twice over. */
const MANY = 200_000

async function openFeed(url: string): Promise<IncomingMessage> {
  const [response] = await once(get(`${url}/feed`), 'response')
  return response.setEncoding('utf8')
}

/** Reads until a text has come, leaves, and gives the events. */
async function readUntil(response: IncomingMessage, end: string): Promise<WireEvent[]> {
  let text = ''
  for await (const more of response) {
    text += more
    if (text.includes(end, text.length - more.length - end.length)) return readWire(text)
  }
  throw new Error('The feed has ended')
}

/** What a fresh client gets: the state, with the id of the newest event. */
async function snapshotOf(url: string): Promise<WireEvent> {
  const events = await readUntil(await openFeed(url), ']]}\n\n')
  return events.find(({ event }) => event === 'prices') as WireEvent
}

const numberOf = ({ id }: WireEvent) => Number(id?.split('-')[1])

async function begin(page: Page): Promise<void> {
  await waitForState(page, 'open')
  await page.locator('[data-symbol]').nth(3).waitFor()
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(100)
}

function tests(stage: Stage): void {
  test('shows two minutes of four shares at once, and goes on', async () => {
    const page = await stage.visit({ colorScheme: 'dark' })
    await begin(page)
    await waitForPrices(page, 8)

    const counts = await page
      .locator('[data-symbol]')
      .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.points))
    expect(counts).toEqual(['240', '240', '240', '240'])
    const last = (await pricesOf(page)).findLast(({ data }) => data.symbol === 'ALDER')
    expect(await textOf(page, '[data-symbol="ALDER"] .price')).toMatch(/^\d+\.\d\d$/)
    expect(last?.data.point[1]).toBeGreaterThan(0)
  })

  test('draws the share that is chosen', async () => {
    const page = await stage.visit()
    await begin(page)

    await page.click('[data-symbol="CEDAR"] button')
    await expect.poll(() => textOf(page, '#chart-symbol')).toBe('CEDAR')

    const shown = () =>
      Promise.all([textOf(page, '#chart-price'), textOf(page, '[data-symbol="CEDAR"] .price')])
    await expect.poll(async () => new Set(await shown()).size).toBe(1)
  })

  test('misses no price when the connection was cut', async () => {
    const page = await stage.visit()
    const other = await stage.visit({}, stage.server.url)
    await begin(page)
    await begin(other)
    await waitForPrices(page, 4)

    stage.relay.cut()
    await waitForState(page, 'connecting')
    const before = (await pricesOf(page)).length
    await waitForPrices(other, 12)
    stage.relay.mend()
    await waitForState(page, 'open')
    await waitForPrices(page, 16)

    const places = (await pricesOf(page)).map(placeOf)
    const [first = 0] = places
    expect(places.length).toBeGreaterThan(before + 12)
    expect(places).toEqual(places.map((_, index) => first + index))
    expect(await receivedBy(page, 'prices')).toHaveLength(1)
  })

  test('sends a client that reads too slowly fewer prices, and the newest of each share', async () => {
    const code = `data:text/javascript,${encodeURIComponent(IN_HASTE)}`
    const server = await start(stage.folder, { NODE_OPTIONS: `--import ${code}` })
    onTestFinished(async () => void (await server.stop()))
    const slow = await openFeed(server.url)
    let newest = await snapshotOf(server.url)
    const isAfter = async (number: number) => {
      newest = await snapshotOf(server.url)
      return numberOf(newest) > number
    }
    await expect.poll(() => isAfter(MANY), { timeout: 40_000 }).toBe(true)
    server.signal('SIGUSR2')
    await expect.poll(() => isAfter(numberOf(newest)), PATIENCE).toBe(false)

    // Behind what its sockets held comes what was conflated, and then the id that it resumes from.
    const received = await readUntil(slow, `\n\nid: ${newest.id}\n\n`)
    expect(await server.stop()).toBe(0)
    const prices = received.filter(({ event }) => event === 'price')
    const points = Object.entries(JSON.parse(newest.data) as Record<string, unknown[]>)
    expect(prices.slice(-points.length).map(({ data }) => JSON.parse(data))).toEqual(
      points.map(([symbol, all]) => ({ symbol, point: all.at(-1) })),
    )
    expect(prices.length).toBeLessThan(numberOf(newest) / 2)
  }, 60_000)

  test('starts over from the snapshot of a server that was started anew', async () => {
    const page = await stage.visit()
    await begin(page)
    expect(await stage.restart()).toBe(0)
    stage.relay.mend(stage.server.url)

    await expect.poll(async () => (await receivedBy(page, 'prices')).length, PATIENCE).toBe(2)
    await waitForPrices(page, 4)

    expect(await page.getAttribute('[data-symbol="ALDER"]', 'data-points')).toBe('240')
  })

  // As a URL, the second is one without a host, which a server that takes it for one does not survive.
  test.each(['/nothing', '//', '/../server.js'])('answers 404 to %s', async (path) => {
    const { url } = stage.server
    const request = get({ port: new URL(url).port, path })
    const [response] = await once(request, 'response')
    response.resume()

    expect(response.statusCode).toBe(404)
    expect((await fetch(url)).status).toBe(200)
  })
}

export const liveFeed: Scenario = {
  greeting: 'Live feed',
  begin,
  async pose(page) {
    await page.click('[data-symbol="CEDAR"] button')
    await expect.poll(() => textOf(page, '#chart-symbol')).toBe('CEDAR')
  },
  tests,
}
