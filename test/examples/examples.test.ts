// Each example copied out, with the packed package installed, as a visitor sees it.

import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { pack } from '../tarball.js'
import { cluster } from './cluster.js'
import { jobProgress } from './job-progress.js'
import { liveFeed } from './live-feed.js'
import { llmTokens } from './llm-tokens.js'
import { logTail } from './log-tail.js'
import { notifications } from './notifications.js'
import { install, remove } from './packed-example.js'
import { type Scenario, testScenario } from './scenario.js'
import { Stage } from './stage.js'

const SCENARIOS: Record<string, Scenario> = {
  'live-feed': liveFeed,
  'job-progress': jobProgress,
  'log-tail': logTail,
  notifications,
  'llm-tokens': llmTokens,
  cluster,
}
const programs = inject('programs')

const names = Object.keys(SCENARIOS)

describeInChromium('the example', (browser) => {
  let tarball: string
  const folders = new Map<string, Promise<string>>()

  /** Gives the folder that an example is installed in; from the first call on it is being installed. */
  function folderOf(name: string): Promise<string> {
    const folder = folders.get(name) ?? install(name, tarball)
    // Who waits for it hears of a failure; nobody waits where the tests of one example alone are run.
    folder.catch(() => {})
    folders.set(name, folder)
    return folder
  }

  beforeAll(async () => {
    tarball = await pack()
  }, 60_000)
  afterAll(async () => {
    for (const folder of await Promise.allSettled(folders.values())) {
      if (folder.status === 'fulfilled') await remove(folder.value)
    }
    await remove(dirname(tarball))
  })

  for (const [index, [name, scenario]] of Object.entries(SCENARIOS).entries()) {
    const isWanting = scenario.needs?.some((program) => programs[program] === undefined)
    describe.skipIf(isWanting)(name, () => {
      const stage = new Stage(browser)
      beforeAll(async () => {
        await stage.setUp(await folderOf(name))
        // The next one is installed while these tests wait for what happens.
        const next = names[index + 1]
        if (next !== undefined) void folderOf(next)
      }, 120_000)
      afterEach(async () => {
        await stage.clear()
        expect(stage.problems.splice(0)).toEqual([])
      })
      afterAll(() => stage.tearDown())

      testScenario(name, scenario, stage)
    })
  }
})
