// Each example copied out, with the packed package installed, as a visitor sees it.

import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { jobProgress } from './job-progress.js'
import { liveFeed } from './live-feed.js'
import { llmTokens } from './llm-tokens.js'
import { logTail } from './log-tail.js'
import { notifications } from './notifications.js'
import { pack, remove } from './packed-example.js'
import { testScenario } from './scenario.js'
import { Stage } from './stage.js'

const SCENARIOS = {
  'live-feed': liveFeed,
  'job-progress': jobProgress,
  'log-tail': logTail,
  notifications,
  'llm-tokens': llmTokens,
}

describeInChromium('the example', (browser) => {
  let tarball: string

  beforeAll(async () => {
    tarball = await pack()
  }, 60_000)
  afterAll(() => remove(dirname(tarball)))

  describe.each(Object.entries(SCENARIOS))('%s', (name, scenario) => {
    const stage = new Stage(browser)
    beforeAll(() => stage.setUp(name, tarball), 120_000)
    afterEach(async () => {
      await stage.clear()
      expect(stage.problems.splice(0)).toEqual([])
    })
    afterAll(() => stage.tearDown())

    testScenario(name, scenario, stage)
  })
})
