// The recipes of docs/shutdown.md, run as they stand there.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { FakeEventSource } from '../fake-event-source.js'
import { describeWithRedis } from '../redis/redis-server.js'

const ROOT = new URL('../../', import.meta.url)

const sections = new Map(
  readFileSync(new URL('docs/shutdown.md', ROOT), 'utf8')
    .split(/^#+ /m)
    .map((section) => [section.split('\n')[0], section]),
)

function blockOf(heading: string, language: string): string {
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(
    sections.get(heading) ?? '',
  )?.[1]
  if (block === undefined) throw new Error(`There is no ${language} under ${heading}`)
  return block
}

const RECIPES = [
  ['Shutdown and deploys', 'server'],
  ['Express', 'server'],
  ['Fastify', 'fastify.server'],
  ['Koa', 'server'],
] as const

/** Runs a recipe on any free port, and tells which: nothing else is changed, but for what is added at its end. */
async function start(heading: string, server: string, added = '', redisPort = 6379) {
  const code = blockOf(heading, 'js').replace('8080', '0').replace('6379', `${redisPort}`)
  const program = `${code}
  const tell = () => console.log(${server}.address().port)
  ${server}.listening ? tell() : ${server}.once('listening', tell)
  ${added}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(ROOT),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const [port] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => Promise.reject(new Error('It has ended'))),
  ])
  return { child, ended, port: Number(port), url: `http://127.0.0.1:${port}` }
}

async function endsInGoodOrder({ child, ended, url }: Awaited<ReturnType<typeof start>>) {
  const sources: FakeEventSource[] = []
  try {
    for (let i = 0; i < 5; i++) {
      sources.push(new FakeEventSource(() => url, { path: '/' }))
    }
    await vi.waitUntil(() => sources.every(({ lastEventId }) => lastEventId !== ''), {
      timeout: 10_000,
    })
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    for (const { retriesMs, opened } of sources) {
      expect(opened).toBe(1)
      expect(retriesMs).toHaveLength(1)
      expect(retriesMs[0]).toBeGreaterThanOrEqual(1_000)
      expect(retriesMs[0]).toBeLessThanOrEqual(15_000)
    }
  } finally {
    for (const source of sources) await source.close()
    child.kill('SIGKILL')
    await ended
  }
}

// Processes with a RedisLog hung until they were killed: the pages said how to end streams, and not that the log comes last.
describeWithRedis('the recipe for SIGTERM with a RedisLog', (server) => {
  test('tells each client when to return, and lets the process end', async () => {
    await endsInGoodOrder(await start('With a RedisLog', 'server', '', server().port))
  })
})

describe('the recipes for SIGTERM', () => {
  test.concurrent.each(RECIPES)(
    '"%s" tells each client when to return, and lets the process end',
    async (heading, server) => endsInGoodOrder(await start(heading, server)),
  )

  // They used to be reset, at once where no stream was open.
  test('let other requests under way be answered, and end in spite of an idle connection', async () => {
    const slow = `app.get('/slow', (_, res) => {
      console.log('asked')
      setTimeout(() => res.end('answered'), 500)
    })`
    const { child, ended, port, url } = await start('Express', 'server', slow)
    const idle = connect(port, '127.0.0.1')
    try {
      const answer = fetch(`${url}/slow`).then((response) => response.text())
      await once(child.stdout, 'data')
      child.kill('SIGTERM')
      expect(await answer).toBe('answered')
      expect(await ended).toEqual([0, null])
    } finally {
      idle.destroy()
      child.kill('SIGKILL')
      await ended
    }
  })

  test.each([...RECIPES.map(([heading]) => heading), 'With a RedisLog'])(
    '"%s" takes less time than Kubernetes gives it',
    (heading) => {
      const deployment = blockOf('Kubernetes', 'yaml')
      const [, graceSeconds] = /terminationGracePeriodSeconds: (\d+)/.exec(deployment) ?? []
      const [, sleepSeconds] = /command: \[sleep, '(\d+)'\]/.exec(deployment) ?? []
      const [, withinMs = ''] = /withinMs: ([\d_]+)/.exec(blockOf(heading, 'js')) ?? []
      const neededMs = Number(sleepSeconds) * 1_000 + Number(withinMs.replaceAll('_', ''))
      expect(Number(graceSeconds) * 1_000).toBeGreaterThan(neededMs + 4_000)
    },
  )
})
