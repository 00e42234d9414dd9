// The recipe for Next.js, as built by Next.js, and its Edge runtime.

import type { StreamStats } from 'eventwire'
import { describe, expect, test } from 'vitest'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'
import { describeRecipe } from './contract.js'
import { type Command, installed, run, runServer } from './program.js'

const next = (...args: string[]): Command => ({
  folder: 'test/recipes/nextjs/',
  args: [installed('next/dist/bin/next'), ...args],
})

let built: Promise<void> | undefined

/** A server for production, built as anyone does: that checks the types of the routes, too. */
async function serve() {
  built ??= run(next('build'))
  await built
  return runServer(next('start', '--hostname', '127.0.0.1', '--port', '0'))
}

async function statsAt(url: string, headers: Record<string, string> = {}): Promise<StreamStats> {
  const response = await fetch(url, { headers })
  return (await response.json()) as StreamStats
}

describeRecipe('the recipe for Next.js', { notFound: /"error":"No such topic"/ }, async () => {
  const server = await serve()
  return {
    url: server.url,
    stats: () => statsAt(`${server.url}/stats`),
    close: async () => {
      await server.stop()
      // A client that leaves is no error to it either.
      expect(server.printed()).not.toMatch(/error/i)
    },
  }
})

describe("Next.js' Edge runtime", () => {
  test('delivers a stream to its end, and sees a client that leaves', async () => {
    const server = await serve()
    const stats = () => statsAt(`${server.url}/edge`, { 'x-stats': '1' })
    const whole = await ask(server.url, 'http/1.1', { path: '/edge' })
    expect(readWire(await whole.whole).map(({ event, data }) => `${event} ${data}`)).toEqual([
      'left 3',
      'left 2',
      'left 1',
    ])
    const leaving = await ask(server.url, 'http/1.1', { path: '/edge' })
    await leaving.has('data: 3\n\n')
    leaving.leave()
    await expect.poll(async () => (await stats()).closed).toMatchObject({ ended: 1, client: 1 })
    await server.stop()
    expect(server.printed()).not.toMatch(/error/i)
  }, 120_000)
})
