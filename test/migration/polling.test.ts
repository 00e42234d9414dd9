// What docs/migration/polling.md says of polling, and of the same by eventwire.

import { describe, expect, test } from 'vitest'
import { ask } from '../adapters/client.js'
import { FakeEventSource } from '../fake-event-source.js'
import * as after from './polling/after.js'
import * as before from './polling/before.js'
import { serve } from './served.js'

const accept = 'text/event-stream'

/** Serves a program, and counts what is asked of it. */
async function counted(app: typeof before.app) {
  const asked: string[] = []
  const url = await serve((req, res) => {
    asked.push(req.url as string)
    app(req, res)
  })
  return { url, asked }
}

test('polling takes a request for each look, news or not', async () => {
  const { url, asked } = await counted(before.app)
  let next = 0
  const seen: unknown[] = []
  const look = async () => {
    const answer = await fetch(`${url}/jobs?after=${next}`)
    const page = (await answer.json()) as { changes: unknown[]; next: number }
    seen.push(...page.changes)
    next = page.next
  }
  for (let count = 0; count < 5; count++) await look()
  before.change({ id: 1, state: 'done' })
  await look()
  expect(seen).toEqual([{ id: 1, state: 'done' }])
  expect(asked).toHaveLength(6)
})

test('a stream takes one request for all of them', async () => {
  const { url, asked } = await counted(after.app)
  const answer = await ask(url, 'http/1.1', { path: '/jobs', headers: { accept } })
  for (let id = 1; id <= 5; id++) {
    await after.change({ id, state: 'done' })
    await answer.has(`{"id":${id},"state":"done"}`)
  }
  answer.leave()
  expect(asked).toEqual(['/jobs'])
})

describe('where nothing streams', () => {
  const jobs = (from: number) =>
    Array.from({ length: 5 }, (_, index) => ({ id: from + index, state: 'done' }))

  test.each(['long-poll', 'poll'])('?delivery=%s gives each event once', async (delivery) => {
    const { url, asked } = await counted(after.app)
    const source = new FakeEventSource(() => url, { path: `/jobs?delivery=${delivery}` })
    try {
      // The position of one that comes for the first time: what is published later is its own.
      await expect.poll(() => source.opened).toBeGreaterThan(0)
      await expect.poll(() => source.lastEventId).not.toBe('')
      const news = jobs(100)
      for (const job of news) await after.change(job)
      await expect.poll(() => source.events.length).toBe(news.length)
      expect(source.events.map(({ data }) => JSON.parse(data))).toEqual(news)
      await expect.poll(() => asked.length).toBeGreaterThan(1)
    } finally {
      await source.close()
    }
  })
})
