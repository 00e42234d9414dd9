// Where an example is shown: its running server, the wire to it, and the pages that visit it.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type Running, start } from './packed-example.js'
import { Relay } from './relay.js'

/** An event that an EventSource of a page has received. */
export interface Received {
  name: string
  id: string
  // biome-ignore lint/suspicious/noExplicitAny: each example has its own
  data: any
}

export class Stage {
  readonly #browser: () => Browser
  readonly #contexts: BrowserContext[] = []
  /** What went wrong on the pages, but for lost connections. */
  problems: string[] = []
  folder = ''
  server!: Running
  relay!: Relay

  constructor(browser: () => Browser) {
    this.#browser = browser
  }

  async setUp(folder: string): Promise<void> {
    this.folder = folder
    this.server = await start(this.folder)
    this.relay = new Relay(this.server.url)
    await this.relay.open()
  }

  async tearDown(): Promise<void> {
    await this.relay?.close()
    await this.server?.stop()
  }

  /** Ends the server and starts it anew, elsewhere; the relay leads to it once it is mended. */
  async restart(env: NodeJS.ProcessEnv = {}): Promise<number | null> {
    this.relay.cut()
    const code = await this.server.stop()
    this.server = await start(this.folder, env)
    return code
  }

  /** Opens a page as a visitor of their own. By the relay, unless another URL is given. */
  async visit(options: BrowserContextOptions = {}, url = this.relay.url): Promise<Page> {
    const context = await this.#browser().newContext(options)
    this.#contexts.push(context)
    return this.openTab(context, url)
  }

  /** Opens another page of the same visitor. */
  async openTab(context: BrowserContext, url = this.relay.url): Promise<Page> {
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => this.problems.push(error.message))
    page.on('console', (message) => {
      const isLost = message.text().includes('net::ERR_')
      if (message.type() === 'error' && !isLost) this.problems.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(url).origin)) {
        this.problems.push(`asked for ${request.url()}`)
      }
    })
    await page.addInitScript(recordEvents)
    await page.goto(url)
    return page
  }

  /** Puts things back for the next visitor. */
  async clear(): Promise<void> {
    this.relay.mend(this.server.url)
    for (const context of this.#contexts.splice(0)) await context.close()
  }
}

/** Waits until the page says that its connection is in this state. */
export const waitForState = (page: Page, state: string) =>
  page.locator(`#state[data-state="${state}"]`).waitFor()

export const textOf = async (page: Page, selector: string) =>
  (await page.locator(selector).textContent()) ?? ''

/** What the page's event sources have received so far, of these names or of any. */
export async function receivedBy(page: Page, ...names: string[]): Promise<Received[]> {
  const all = await page.evaluate(() => (window as unknown as { received: Received[] }).received)
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}

/** The place in the channel's sequence that is in an event's id. */
export const placeOf = (event: Received | undefined) => Number(event?.id.split('-')[1])

/** Runs in the page, before its own scripts: keeps what its event sources receive. */
function recordEvents(): void {
  const received: Received[] = []
  Object.assign(window, { received })
  const { addEventListener } = EventSource.prototype
  EventSource.prototype.addEventListener = function (
    this: EventSource,
    name: string,
    listener: EventListener,
  ) {
    addEventListener.call(this, name, (event) => {
      if (!(event instanceof MessageEvent)) return
      received.push({ name, id: event.lastEventId, data: JSON.parse(event.data) })
    })
    addEventListener.call(this, name, listener)
  } as typeof addEventListener
}
