// The cluster example, started by its one command: the page stays whole when a node is stopped.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test, vi } from 'vitest'
import { describeInChromium } from './chromium.js'

const START = fileURLToPath(new URL('../../examples/cluster/start.js', import.meta.url))
const programs = inject('programs')
const hasAll = programs['redis-server'] !== undefined && programs.nginx !== undefined

async function startCluster() {
  const child = spawn(process.execPath, [START], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let url = ''
  let starts = 0
  createInterface(child.stdout).on('line', (line) => {
    if (/^node \w+: http:/.test(line)) starts++
    url ||= /^cluster: (http:\S+)/.exec(line)?.[1] ?? ''
  })
  await vi.waitUntil(() => url !== '', { timeout: 15_000 })
  return {
    url,
    /** How often a node was started. */
    starts: () => starts,
    async stop() {
      const hasExited = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await hasExited
      return code as number
    },
  }
}

describe.skipIf(!hasAll)('the cluster example (Redis, nginx)', () => {
  describeInChromium('with a page', (browser) => {
    test('goes on without a loss when its node is stopped, and again when the other is', async () => {
      const cluster = await startCluster()
      try {
        const page = await browser().newPage()
        await page.goto(cluster.url)
        const text = (id: string) => page.locator(`#${id}`).innerText()
        const beats = async () => Number(await text('beats'))
        for (let times = 1; times <= 2; times++) {
          await expect.poll(() => text('state')).toBe('open')
          const before = await text('node')
          await page.getByRole('button', { name: /^Stop the node/ }).click()
          await expect.poll(() => text('node')).not.toBe(before)
          // The other one beats on, and the stopped one comes back.
          const then = await beats()
          await expect.poll(beats).toBeGreaterThan(then + 2)
          await expect.poll(cluster.starts, { timeout: 15_000 }).toBe(2 + times)
        }
        expect([await text('missed'), await text('repeated'), await text('gaps')]).toEqual([
          '0',
          '0',
          '0',
        ])
        expect(await beats()).toBeGreaterThan(20)
      } finally {
        expect(await cluster.stop()).toBe(0)
      }
    }, 60_000)
  })
})
