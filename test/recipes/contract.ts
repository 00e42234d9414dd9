// What every recipe must do, on a real server of its framework: run for each.

import type { StreamStats } from 'eventwire'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'

/** A recipe that is being served. */
export interface Served {
  url: string
  /** What the process of the server has counted. */
  stats(): StreamStats | Promise<StreamStats>
  /** Stops it the way its page says, with streams open; settles when it has stopped. */
  close(): Promise<unknown>
}

export interface RecipeTraits {
  /** What the error response of an unknown topic holds: the framework's own. */
  notFound: RegExp
  /** Whether a route for GET answers HEAD, too. */
  answersHead?: boolean
}

export function describeRecipe(
  name: string,
  { notFound, answersHead = true }: RecipeTraits,
  serve: () => Promise<Served>,
): void {
  describe(name, () => {
    let served: Served
    const open: { leave(): void }[] = []

    beforeAll(async () => {
      served = await serve()
    }, 120_000)

    afterAll(async () => {
      // One that stays: the server stops all the same.
      const last = await listen('sport')
      await served.close()
      expect(await last.whole).toMatch(/retry: \d+\n/)
      for (const answer of open) answer.leave()
    })

    async function listen(topic: string, headers: Record<string, string> = {}) {
      const answer = await ask(served.url, 'http/1.1', {
        path: `/feed/${topic}`,
        // As a browser does: what compresses by itself is to leave the stream alone.
        headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip, br', ...headers },
      })
      open.push(answer)
      return answer
    }

    async function post(topic: string, text: string): Promise<string> {
      const response = await fetch(new URL(`/feed/${topic}`, served.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
      })
      expect(response.status).toBe(201)
      const { id } = (await response.json()) as { id: string }
      return id
    }

    /** Each stream closes with a reason; this is how many clients have left. */
    const clientsGone = async () => (await served.stats()).closed.client

    test('delivers what is posted, one by one', async () => {
      const answer = await listen('sport')
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'x-accel-buffering': 'no',
      })
      expect(answer.headers['cache-control']).toContain('no-transform')
      expect(answer.headers).not.toHaveProperty('content-encoding')
      const ids: string[] = []
      for (const text of ['one', 'two', 'three']) {
        ids.push(await post('sport', text))
        // Nothing else is posted until this one has arrived.
        await answer.has(JSON.stringify({ text }))
      }
      await post('weather', 'for others')
      ids.push(await post('sport', 'four'))
      await answer.has('four')
      expect(readWire(answer.received())).toEqual(
        ['one', 'two', 'three', 'four'].map((text, index) => ({
          event: 'note',
          data: JSON.stringify({ text }),
          id: ids[index],
        })),
      )
      answer.leave()
    })

    test('closes the stream of a client that leaves, with the reason client', async () => {
      const before = await served.stats()
      const answer = await listen('sport')
      await post('sport', 'hello')
      await answer.has('hello')
      expect((await served.stats()).opened).toBe(before.opened + 1)
      const gone = await clientsGone()
      answer.leave()
      await vi.waitFor(async () => expect(await clientsGone()).toBe(gone + 1), { timeout: 15_000 })
    })

    test('sends a client that comes back what it has missed', async () => {
      const first = await listen('sport')
      const id = await post('sport', 'seen')
      await first.has('seen')
      first.leave()
      for (let i = 1; i <= 3; i++) await post('sport', `missed ${i}`)
      const again = await listen('sport', { 'last-event-id': id })
      await again.has('missed 3')
      await post('sport', 'live')
      await again.has('live')
      expect(readWire(again.received()).map(({ data }) => JSON.parse(data).text)).toEqual([
        'missed 1',
        'missed 2',
        'missed 3',
        'live',
      ])
      again.leave()
    })

    test('tells a client of a gap', async () => {
      const answer = await listen('sport', { 'last-event-id': 'of-another-server' })
      await answer.has('event: gap\n')
      answer.leave()
    })

    test("gives the framework's own response for an error before the stream opens", async () => {
      const { opened } = await served.stats()
      const answer = await listen('chess')
      expect(answer.status).toBe(404)
      expect(answer.headers['content-type']).not.toContain('event-stream')
      expect(await answer.whole).toMatch(notFound)
      expect((await served.stats()).opened).toBe(opened)
    })

    test('refuses a client that does not accept an event stream', async () => {
      const answer = await listen('sport', { accept: 'application/json' })
      expect(answer.status).toBe(406)
      await answer.whole
    })

    test('answers HEAD, and leaves no stream open', async () => {
      await vi.waitFor(async () => expect((await served.stats()).open).toBe(0), { timeout: 15_000 })
      const answer = await ask(served.url, 'http/1.1', { method: 'HEAD', path: '/feed/sport' })
      expect(answer.headers['content-type'] === 'text/event-stream').toBe(answersHead)
      expect(await answer.whole).toBe('')
      expect((await served.stats()).open).toBe(0)
    })

    test('bears many clients that come and go', async () => {
      const gone = await clientsGone()
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => listen('sport')))
        await post('sport', `round ${round}`)
        await Promise.all(answers.map((answer) => answer.has(`round ${round}`)))
        for (const answer of answers) answer.leave()
      }
      await vi.waitFor(async () => expect(await clientsGone()).toBe(gone + 30), { timeout: 15_000 })
      expect((await served.stats()).open).toBe(0)
    })
  })
}
