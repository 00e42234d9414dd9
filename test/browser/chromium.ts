// A real browser for tests: Debian's Chromium, headless, driven by playwright-core.

import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, inject } from 'vitest'

const path = inject('programs').chromium

/** Describes tests that run in Chromium; without one they are skipped, and the run's end says so. */
export function describeInChromium(name: string, tests: (browser: () => Browser) => void): void {
  describe.skipIf(path === undefined)(`${name} (Chromium)`, () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: path as string,
        // Pages are kept while others are shown, as in people's browsers.
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
      })
      // On a busy machine it has taken more than the ten seconds that a hook has.
    }, 60_000)
    afterAll(async () => {
      await browser?.close()
    })
    tests(() => browser)
  })
}
