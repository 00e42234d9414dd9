// A service of two nodes that is rolled, or grows, under its clients.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Cluster, type NodeOptions } from './cluster.js'

const SLOW = { timeout: 60_000, interval: 100 }

/** How many of `values` fall into each of `count` equal parts of the range. */
function histogram(
  values: readonly number[],
  [min, max]: readonly [number, number],
  count: number,
) {
  const parts = Array<number>(count).fill(0)
  for (const value of values) {
    const part = Math.min(count - 1, Math.floor(((value - min) / (max - min + 1)) * count))
    parts[part] = (parts[part] ?? 0) + 1
  }
  return parts
}

describe('a service of two nodes', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = new Cluster()
  })
  afterEach(() => cluster.stop())

  /** Every client, once it has a position in the channel. */
  async function openSources(count: number): Promise<void> {
    cluster.openSources(count)
    await vi.waitUntil(() => cluster.sources.every(({ lastEventId }) => lastEventId !== ''), SLOW)
  }

  async function expectEachEventOnce(): Promise<void> {
    const { published, sources } = cluster
    const messagesOf = (source: (typeof sources)[number]) =>
      source.events.filter(({ event }) => event === 'message').map(({ data }) => data)
    await vi.waitUntil(
      () => sources.every((source) => messagesOf(source).length >= published.length),
      SLOW,
    )
    for (const source of sources) expect(messagesOf(source)).toEqual(published)
    expect(sources.map(({ failure }) => failure).filter(Boolean)).toEqual([])
  }

  test('is rolled under 500 clients: each gets each event once, and they return spread', async () => {
    const retryMs = [200, 2_000] as const
    const options = {
      closeOptions: { withinMs: 1_000, retryMs, farewell: { event: 'restart' } },
    }
    cluster.nodes.push(await cluster.startNode(options), await cluster.startNode(options))
    await openSources(500)
    let closed = 0

    await cluster.publishDuring(async () => {
      for (const place of [0, 1]) {
        const { code, count, stats } = await cluster.roll(place, options)
        expect(code).toBe(0)
        expect(stats).toMatchObject({ open: 0, gaps: 0, closed: { shutdown: count } })
        expect(count).toBeGreaterThan(0)
        closed += count
        await vi.waitUntil(
          () => cluster.sources.reduce((sum, { opened }) => sum + opened, 0) >= 500 + closed,
          SLOW,
        )
      }
    })
    await expectEachEventOnce()

    // All 500 were on one of the two; those of the first that went to the second were moved twice.
    const { sources } = cluster
    expect(closed).toBeGreaterThanOrEqual(500)
    expect(sources.reduce((sum, { opened }) => sum + opened, 0)).toBe(500 + closed)
    const farewells = sources.flatMap(({ events }) => events.filter((e) => e.event === 'restart'))
    expect(farewells.length).toBe(closed)
    const retriesMs = sources.flatMap((source) => source.retriesMs)
    expect(retriesMs.length).toBe(closed)
    expect(Math.min(...retriesMs)).toBeGreaterThanOrEqual(retryMs[0])
    expect(Math.max(...retriesMs)).toBeLessThanOrEqual(retryMs[1])
    for (const part of histogram(retriesMs, retryMs, 10)) {
      expect(part).toBeGreaterThan(closed * 0.05)
      expect(part).toBeLessThan(closed * 0.15)
    }
    // They were not sent away all at once either, but at many different events.
    const left = new Map<string, number>()
    for (const id of sources.flatMap(({ resumedFrom }) => resumedFrom)) {
      left.set(id, (left.get(id) ?? 0) + 1)
    }
    expect(left.size).toBeGreaterThan(10)
    expect(Math.max(...left.values())).toBeLessThan(closed * 0.3)
  }, 120_000)

  test('is rolled under clients that poll: each gets each event once', async () => {
    const options: NodeOptions = {
      streamOptions: { delivery: 'long-poll' },
      closeOptions: { withinMs: 500, retryMs: [100, 500] },
    }
    cluster.nodes.push(await cluster.startNode(options), await cluster.startNode(options))
    await openSources(50)
    await cluster.publishDuring(async () => {
      for (const place of [0, 1]) {
        const { code, stats } = await cluster.roll(place, options)
        expect(code).toBe(0)
        expect(stats).toMatchObject({ open: 0, gaps: 0 })
        const { length } = cluster.published
        await vi.waitUntil(() => cluster.published.length > length + 10, SLOW)
      }
    })
    await cluster.publish()
    await expectEachEventOnce()
  }, 60_000)

  test('is spread over a node that was added, by maxLifetimeMs', async () => {
    const options = { streamOptions: { maxLifetimeMs: 2_000 } }
    const first = await cluster.startNode(options)
    cluster.nodes.push(first)
    await openSources(200)
    const added = await cluster.startNode(options)
    cluster.nodes.push(added)

    await cluster.publishDuring(() =>
      vi.waitUntil(() => cluster.sources.every(({ opened }) => opened >= 2), SLOW),
    )
    await expectEachEventOnce()

    const stats = [await first.stats(), await added.stats()]
    // About half of them each; a few may be on their way.
    for (const { open } of stats) expect(open).toBeGreaterThan(60)
    expect(stats[0]?.closed.lifetime).toBeGreaterThanOrEqual(200)
    expect(stats[0]?.gaps).toBe(0)
    // They left one after the other, not all at once.
    const left = new Set(cluster.sources.map(({ resumedFrom }) => resumedFrom[0]))
    expect(left.size).toBeGreaterThan(3)
  }, 60_000)
})
