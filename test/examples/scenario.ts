// What is asked of each example, whatever it shows.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Program } from '../programs.js'
import { manifestOf, newFolder, remove, sourceOf, start } from './packed-example.js'
import type { Stage } from './stage.js'

/** One example, as its tests know it. */
export interface Scenario {
  /** Brings a new page to where it shows something, over an open connection. */
  begin(page: Page): Promise<void>
  /** Brings the page from there to what the README shows. */
  pose(page: Page, stage: Stage): Promise<void>
  /** What it prints when it starts, before its URL. */
  greeting: string
  /** What else its lines may say, as a whole. Nothing, if left out. */
  says?: RegExp
  /** What `npm start` runs: `server.js`, if left out. */
  program?: string
  /** The programs that have to be on this machine. */
  needs?: Program[]
  /** What `npm test` runs, if it has tests to copy along. */
  testsWith?: string
  /** The tests of its own. */
  tests(stage: Stage): void
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAX_PICTURE_BYTES = 150_000
const PNG = '89504e470d0a1a0a'

export function testScenario(name: string, scenario: Scenario, stage: Stage): void {
  test('fits windows from 390 to 1440 pixels', async () => {
    const page = await stage.visit({ viewport: { width: 1_440, height: 844 } })
    await scenario.begin(page)

    for (const width of [1_440, 768, 390]) {
      await page.setViewportSize({ width, height: 844 })
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
  })

  scenario.tests(stage)

  // With UPDATE_SCREENSHOTS=1 the picture in the README is taken anew; with LOOKS_IN=<folder> more are put there to be
  // looked at: light and dark, on a desktop and a phone.
  test('shows its README what it looks like', async () => {
    const page = await stage.visit({
      viewport: { width: 1_120, height: 720 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
    })
    await scenario.begin(page)
    await scenario.pose(page, stage)
    const height = await page.evaluate(() => document.body.offsetHeight)
    const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 1_120, height } })
    const file = join(sourceOf(name), 'screenshot.png')
    if (process.env.UPDATE_SCREENSHOTS === '1') await writeFile(file, picture)
    if (process.env.LOOKS_IN) await takeLooks(page, join(process.env.LOOKS_IN, name))

    for (const png of [picture, await readFile(file)]) {
      expect(png.subarray(0, 8).toString('hex')).toBe(PNG)
      expect(png.length).toBeLessThan(MAX_PICTURE_BYTES)
    }
    const readme = await readFile(join(sourceOf(name), 'README.md'), 'utf8')
    expect(readme).toContain('](screenshot.png)')
    expect(readme).toContain('```sh\nnpm install && npm start\n```')
  })

  test('lets no script run in its page but its own', async () => {
    const page = await stage.visit()
    await scenario.begin(page)

    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'window.isForeign = true'
      document.body.append(script)
    })

    expect(await page.evaluate(() => 'isForeign' in window)).toBe(false)
    expect(stage.problems.splice(0)).toEqual([expect.stringContaining('Content Security Policy')])
  })

  // Whoever starts a second example meets it first.
  test('says so when its port is taken, and leaves nothing behind', async () => {
    const TMPDIR = await newFolder()
    const { port: PORT } = new URL(stage.server.url)
    const said = await start(stage.folder, { PORT, TMPDIR }).then(
      (second) => second.stop(),
      (error: Error) => error.message,
    )

    expect(said).toContain('EADDRINUSE')
    expect(await readdir(TMPDIR)).toEqual([])
    await remove(TMPDIR)
  })

  test('ends by itself on SIGTERM while a page is open, having said nothing else', async () => {
    await scenario.begin(await stage.visit())
    const { server } = stage

    expect(await stage.restart()).toBe(0)
    const [first, ...others] = server.output.trimEnd().split('\n')
    expect(first).toBe(`${scenario.greeting}: ${server.url}`)
    expect(others.filter((line) => !scenario.says?.test(line))).toEqual([])
  })

  test('depends on what it imports, in the versions that are tested here', async () => {
    const { dependencies, scripts } = await manifestOf(sourceOf(name))
    const { devDependencies } = await manifestOf(ROOT)
    const code = await readFile(join(sourceOf(name), 'server.js'), 'utf8')

    const { program = 'server.js', testsWith } = scenario
    expect(scripts).toEqual({ start: `node ${program}`, ...(testsWith && { test: testsWith }) })
    for (const [dependency, range] of Object.entries(dependencies)) {
      expect(code).toMatch(new RegExp(`'${dependency}[/']`))
      if (dependency === 'eventwire') continue
      expect(range).toMatch(/^\^/)
      expect(range.slice(1)).toBe(devDependencies[dependency]?.replace(/^\^/, ''))
    }
  })
}

async function takeLooks(page: Page, path: string): Promise<void> {
  for (const [width, device] of [
    [1_120, 'desktop'],
    [390, 'phone'],
  ] as const) {
    await page.setViewportSize({ width, height: 844 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${path}-${device}-${colorScheme}.png`, fullPage: true })
    }
  }
}
